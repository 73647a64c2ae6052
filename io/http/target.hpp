#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace alsace::io::http {

/// The target of a request, taken apart and percent-decoded.
struct Target {
  std::vector<std::string> path;                           ///< "/v1/users/a%2Fb" -> {"v1", "users", "a/b"}; "/" -> {}
  std::vector<std::pair<std::string, std::string>> query;  ///< in order, names may repeat; `+` is a space here
};

/// None for what is not an origin-form target (RFC 9112, 3.2.1) or has a broken escape. Empty segments are kept, a
/// fragment is refused.
std::optional<Target> parse_target(std::string_view target);

}  // namespace alsace::io::http
