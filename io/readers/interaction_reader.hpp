#pragma once

#include <memory>
#include <string>

#include "io/readers/layout.hpp"
#include "io/readers/line_reader.hpp"
#include "io/readers/row_parser.hpp"

namespace alsace::io {

/// A stream of interactions, in the order of the file.
class InteractionReader {
 public:
  InteractionReader() = default;
  InteractionReader(const InteractionReader&) = delete;
  InteractionReader& operator=(const InteractionReader&) = delete;
  virtual ~InteractionReader() = default;

  /// The next row, good or bad; false at the end. Its views live until the next call. After a fatal row: false.
  virtual bool next(ParsedRow& row) = 0;
};

/// The rows of a delimited file that start in `range`. `whole`: the range is the file, so that quoted newlines can be
/// read; otherwise they are fatal.
std::unique_ptr<InteractionReader> open_delimited(const std::string& path, const InputFile& file, const Layout& layout,
                                                  const ReadOptions& options, ByteRange range, bool whole);

}  // namespace alsace::io
