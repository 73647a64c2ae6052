#pragma once

#include <cstdint>
#include <fstream>
#include <span>
#include <string>
#include <string_view>

#include <boost/iostreams/filtering_streambuf.hpp>

namespace alsace::io {

/// What is known of an input before it is read.
struct InputFile {
  std::uint64_t bytes = 0;  ///< on disk
  bool compressed = false;  ///< gzip, by its first two bytes
};

/// Throws ErrorKind::input naming the file when it is missing, a directory, empty, without permission, or named .gz but
/// no gzip file.
InputFile inspect_file(const std::string& path);

/// Throws ErrorKind::usage when two of the inputs of a run are one file, by whatever names: its rows would count twice.
void refuse_repeated_inputs(std::span<const std::string> inputs);

/// The text of a file from a position on, decompressed if need be. Positions count bytes of the text.
class TextSource {
 public:
  /// A compressed file can only be read from 0.
  TextSource(const std::string& path, bool compressed, std::uint64_t begin = 0);

  /// Reads up to `size` bytes; fewer only at the end or where the file cannot be read on: see problem().
  std::size_t read(char* to, std::size_t size);

  /// "" while all is well, else why the text ends early: `gzip data = cut off, expected …`.
  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  std::ifstream file_;
  boost::iostreams::filtering_istreambuf stream_;  // only for compressed files
  bool compressed_;
  std::string problem_;
};

/// Line numbers, counted from 1, of ascending positions in a file's text. Reads the text up to the position asked for:
/// meant for messages, not for every row.
class LineCounter {
 public:
  LineCounter(const std::string& path, bool compressed) : source_(path, compressed) {}
  std::uint64_t line_of(std::uint64_t position);

 private:
  TextSource source_;
  std::uint64_t position_ = 0;
  std::uint64_t newlines_ = 0;
};

}  // namespace alsace::io
