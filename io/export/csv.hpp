#pragma once

#include <string>
#include <string_view>

namespace alsace::io {

/// Whether `text` needs quotes.
bool is_special_in_csv(std::string_view text);

/// Appends `text` as a field of a CSV file (RFC 4180): in quotes, its own doubled, where it holds a comma, a quote or a
/// line end.
void append_csv_field(std::string& line, std::string_view text);

std::string csv_field(std::string_view text);

}  // namespace alsace::io
