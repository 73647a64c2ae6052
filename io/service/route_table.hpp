#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace alsace::io {

/// What a path asks for.
enum class Route : std::uint8_t {
  user,
  batch,
  similar,
  search,
  model,
  reload,
  health,
  ready,
  metrics,
  page,
  other  ///< nothing that there is; the last
};

/// What metrics and the access log call them.
inline constexpr std::array<std::string_view, 11> route_labels{
    "user", "batch", "similar", "search", "model", "reload", "health", "ready", "metrics", "page", "other"};

constexpr std::string_view label_of(Route route) {
  return route_labels[static_cast<std::size_t>(route)];
}

/// Of a decoded path (http::Target::path).
Route route_of(const std::vector<std::string>& path);

/// The methods that a route has, as Allow lists them.
constexpr std::string_view methods_of(Route route) {
  return route == Route::batch || route == Route::reload ? "POST" : "GET, HEAD";
}

/// Whether a stranger may ask: the page has nothing of the model in it, and load balancers have no token.
constexpr bool is_open(Route route) {
  return route == Route::page || route == Route::health || route == Route::ready;
}

}  // namespace alsace::io
