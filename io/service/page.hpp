#pragma once

#include <string_view>

namespace alsace::io {

/// A file of the page for people; it is part of the program.
struct Asset {
  std::string_view content_type;
  std::string_view body;
};

/// The asset at "/", "/page.js" or "/page.css"; null at any other path.
const Asset* find_asset(std::string_view path);

/// What a browser may do with the page: talk to this service, and nothing else (Content-Security-Policy).
inline constexpr std::string_view page_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

}  // namespace alsace::io
