#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "io/readers/input_file.hpp"

namespace alsace::io {

/// A part of a file's text, [begin, end) in bytes. It owns the lines that start in it.
struct ByteRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};
inline constexpr std::uint64_t to_the_end = ~std::uint64_t{0};

/// The first line of a file's text without the UTF-8 byte order mark that some programs put before it.
std::string_view without_byte_order_mark(std::string_view first_line);

/// The lines that start in a byte range, so that ranges which tile a file give each of its lines once.
class LineReader {
 public:
  LineReader(const std::string& path, bool compressed, ByteRange range);

  /// The next line without its end (LF or CRLF); false at the end of the range or at a problem. The view lives until
  /// the next call.
  bool next(std::string_view& line);

  /// What next() would look at without reading more: some lines and a part of one, or nothing. `slack` more bytes can
  /// be read behind it. The view lives until the next call of next().
  [[nodiscard]] std::string_view buffered() const;
  static constexpr std::size_t slack = 32;
  /// Goes on behind the first line of buffered(), which is that long with its end, as next() would.
  void skip(std::size_t line_bytes);

  /// Where the line that next() gave starts; after a problem, where the text ends.
  [[nodiscard]] std::uint64_t position() const { return line_position_; }

  /// Not "" when the file could not be read to the end of the range, or a line is longer than `longest_line`.
  [[nodiscard]] const std::string& problem() const { return problem_; }

  static constexpr std::size_t longest_line = std::size_t{1} << 20;

 private:
  bool fill();

  TextSource source_;
  std::unique_ptr<char[]> buffer_;  // not cleared: few files need all of its room
  std::size_t begin_ = 0;           // unread text is buffer_[begin_, end_)
  std::size_t end_ = 0;
  std::uint64_t position_ = 0;  // of buffer_[begin_] in the file's text
  std::uint64_t range_end_;
  std::uint64_t line_position_ = 0;
  std::string problem_;
};

}  // namespace alsace::io
