#pragma once

#include <string>
#include <string_view>

namespace alsace::io {

/// `text` as a field of a CSV file (RFC 4180): in quotes, its own doubled, where it holds a comma, a quote or a line
/// end.
std::string csv_field(std::string_view text);

}  // namespace alsace::io
