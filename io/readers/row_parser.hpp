#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/readers/layout.hpp"

namespace alsace::io {

/// One row of a file, or why it is none.
struct ParsedRow {
  std::string_view user;
  std::string_view item;
  float value = 1;
  std::int64_t timestamp = 0;

  std::uint64_t position = 0;  ///< of its first byte in the file's text
  std::string_view text;       ///< as it stands in the file
  std::string problem;         ///< "" for a good row, else `<field> = <text>, expected <range>`
  bool fatal = false;          ///< a problem that skipping bad rows does not get over
};

/// `text` without blanks around it.
std::string_view trimmed(std::string_view text);

/// A decimal number, blanks around it allowed; inf and nan are numbers here. Infinite beyond the range of a double.
std::optional<double> parse_number(std::string_view text);

/// Fills user, item, value, timestamp and problem from the fields of a row. Negative zero becomes zero.
void parse_fields(const std::vector<std::string_view>& fields, const Layout& layout, bool reject_negative,
                  ParsedRow& row);

}  // namespace alsace::io
