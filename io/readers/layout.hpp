#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "io/readers/input_file.hpp"
#include "io/readers/read_options.hpp"

namespace alsace::io {

/// Where a delimited file has what. Plain memory, so that one rank looks and the others are told.
struct Layout {
  static constexpr std::int32_t none = -1;
  std::array<char, 8> separator{};  ///< ends with 0
  std::int32_t user = 0;            ///< columns from 0
  std::int32_t item = 1;
  std::int32_t value = none;
  std::int32_t timestamp = none;
  std::uint64_t data_begin = 0;  ///< position behind the header; 0 without one

  [[nodiscard]] std::int32_t fields_needed() const;
  [[nodiscard]] bool has_quotes() const { return std::string(separator.data()) != "::"; }
};

/// Looks at a file's first lines: separator, header, columns. Throws ErrorKind::input for a file without rows, a column
/// that is not there (listing those that are), or fewer than two columns; ErrorKind::usage for options that make no
/// sense.
Layout detect_layout(const std::string& path, const InputFile& file, const ReadOptions& options);

}  // namespace alsace::io
