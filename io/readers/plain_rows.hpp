#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "io/readers/layout.hpp"
#include "io/readers/row_parser.hpp"

namespace alsace::io {

/// Reads the rows that nearly all files consist of without taking them apart first: separators of one byte, no quotes,
/// ids of printable ASCII, numbers of digits with a point at most. It gives up every other row, good or bad, so that
/// FieldSplitter and parse_fields alone say what a row means; where it does not give up, it agrees with them.
class PlainRows {
 public:
  explicit PlainRows(const Layout& layout);

  /// Fills `row`, all but its position, from the line that `text` begins with, and returns the bytes that it takes up,
  /// its end included. LineReader::slack bytes are readable behind `text`. 0 for a row that it gives up, for one that
  /// `text` has not all of, and for an empty line.
  std::size_t take(std::string_view text, ParsedRow& row) const;

 private:
  enum class Role : unsigned char { skipped, user, item, value, timestamp };

  const char* take_field(const char* at, const char* end, Role role, ParsedRow& row) const;

  std::vector<Role> roles_;  // of the columns up to the last that is needed; empty to give up every row
  char separator_;
};

}  // namespace alsace::io
