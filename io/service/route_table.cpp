#include "io/service/route_table.hpp"

#include "io/service/page.hpp"

namespace alsace::io {

Route route_of(const std::vector<std::string>& path) {
  if (path.empty()) return Route::page;
  if (path.size() == 1) {
    if (path[0] == "healthz") return Route::health;
    if (path[0] == "readyz") return Route::ready;
    if (path[0] == "metrics") return Route::metrics;
    return find_asset("/" + path[0]) == nullptr ? Route::other : Route::page;
  }
  if (path[0] != "v1") return Route::other;
  if (path.size() == 2) {
    if (path[1] == "recommendations") return Route::batch;
    if (path[1] == "items") return Route::search;
    return path[1] == "model" ? Route::model : Route::other;
  }
  if (path.size() == 3) return path[1] == "admin" && path[2] == "reload" ? Route::reload : Route::other;
  if (path.size() != 4) return Route::other;
  if (path[1] == "users" && path[3] == "recommendations") return Route::user;
  return path[1] == "items" && path[3] == "similar" ? Route::similar : Route::other;
}

}  // namespace alsace::io
