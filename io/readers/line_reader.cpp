#include "io/readers/line_reader.hpp"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

namespace alsace::io {

namespace {

/// Bytes read at once: parsed while they are in a core's own cache.
constexpr std::size_t step = std::size_t{1} << 16;

constexpr std::size_t buffer_bytes = 2 * LineReader::longest_line + LineReader::slack;

}  // namespace

std::string_view without_byte_order_mark(std::string_view first_line) {
  constexpr std::string_view mark = "\xef\xbb\xbf";
  return first_line.substr(first_line.starts_with(mark) ? mark.size() : 0);
}

LineReader::LineReader(const std::string& path, bool compressed, ByteRange range)
    : source_(path, compressed, range.begin == 0 || compressed ? 0 : range.begin - 1),
      buffer_(std::make_unique_for_overwrite<char[]>(buffer_bytes)),
      range_end_(range.end) {
  // The line that covers the byte before the range belongs to the range before: skip what is left of it. A compressed
  // file is only ever read whole, from where its rows begin.
  if (range.begin == 0) return;
  if (compressed) {
    std::string_view skipped;
    while (position_ < range.begin && next(skipped)) {
    }
    return;
  }
  position_ = range.begin - 1;
  for (;;) {
    if (begin_ == end_ && !fill()) return;
    const auto* newline = static_cast<const char*>(std::memchr(buffer_.get() + begin_, '\n', end_ - begin_));
    const std::size_t skip =
        newline == nullptr ? end_ - begin_ : static_cast<std::size_t>(newline - (buffer_.get() + begin_)) + 1;
    begin_ += skip;
    position_ += skip;
    if (newline != nullptr) return;
  }
}

/// Reads more text behind what is unread; false at the end of the file.
bool LineReader::fill() {
  std::copy(buffer_.get() + begin_, buffer_.get() + end_, buffer_.get());
  end_ -= begin_;
  begin_ = 0;
  const std::size_t got = source_.read(buffer_.get() + end_, std::min(step, buffer_bytes - slack - end_));
  end_ += got;
  return got > 0;
}

bool LineReader::next(std::string_view& line) {
  line_position_ = position_;
  if (position_ >= range_end_ || !problem_.empty()) return false;
  std::size_t searched = 0;
  const char* newline = nullptr;
  for (;;) {
    const char* from = buffer_.get() + begin_ + searched;
    const std::size_t left = end_ - begin_ - searched;
    newline = left == 0 ? nullptr : static_cast<const char*>(std::memchr(from, '\n', left));
    if (newline != nullptr) break;
    searched = end_ - begin_;
    if (searched > longest_line || !fill()) break;
  }
  const char* text = buffer_.get() + begin_;
  std::size_t length = newline == nullptr ? end_ - begin_ : static_cast<std::size_t>(newline - text);
  if (length > longest_line) {
    problem_ = fmt::format("line = longer than {} bytes, expected a shorter one", longest_line);
    return false;
  }
  if (newline == nullptr) {
    // The end of the text. What an error cut off is no line.
    if (!source_.problem().empty()) problem_ = source_.problem();
    if (length == 0 || !problem_.empty()) return false;
  }
  const std::size_t taken = length + (newline == nullptr ? 0 : 1);
  begin_ += taken;
  position_ += taken;
  if (length > 0 && text[length - 1] == '\r') --length;
  line = std::string_view(text, length);
  return true;
}

std::string_view LineReader::buffered() const {
  if (position_ >= range_end_ || !problem_.empty()) return {};
  return {buffer_.get() + begin_, end_ - begin_};
}

void LineReader::skip(std::size_t line_bytes) {
  line_position_ = position_;
  begin_ += line_bytes;
  position_ += line_bytes;
}

}  // namespace alsace::io
