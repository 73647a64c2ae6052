#pragma once

#include <cstdint>
#include <fstream>
#include <span>
#include <string>

#include "io/readers/row_parser.hpp"

namespace alsace::io {

/// The file that skipped rows go to, a line a row: `place<tab>reason<tab>text`. One a rank, made when the first row is
/// rejected.
class RejectFile {
 public:
  /// `path`: "" for no file; rank r > 0 writes to `path`.r. A file that is there is removed, unless `append`: then rows
  /// are added to it.
  RejectFile(const std::string& path, int rank, bool append);

  [[nodiscard]] bool wanted() const { return !path_.empty(); }

  /// Adds a row that stands on that line of that input. Throws ErrorKind::storage.
  void write(const std::string& input, std::uint64_t line, const ParsedRow& row);

  /// Where the rank's rows go.
  [[nodiscard]] static std::string name(const std::string& path, int rank);

 private:
  std::string path_;
  std::ofstream file_;
};

/// Throws ErrorKind::usage when one of the reject files of so many ranks is one of the inputs, by whatever name, or in
/// a place where refuse_store has none. For all inputs of a run, before any RejectFile is made.
void check_reject_file(const std::string& path, int ranks, std::span<const std::string> inputs);

}  // namespace alsace::io
