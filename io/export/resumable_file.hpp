#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "io/clock.hpp"
#include "io/export/output_file.hpp"

namespace alsace::io {

/// How a run deals with what an earlier one has left of its output, and what it leaves itself.
struct ResumeOptions {
  /// Everything that the bytes depend on, by name and in any words: the output of another is begun anew, with a
  /// warning.
  std::map<std::string, std::string> identity;
  bool resume = true;       ///< false: all are
  double mark_seconds = 2;  ///< a kill costs the work of so long at most
};

/// An output of many units (the lists of a user, say) that a run which is killed leaves for the next one to go on with:
/// beside the unfinished file stands how far it had come and what its bytes depend on. What is not a regular file is
/// written directly and always begun anew. Throws ErrorKind::storage; the message says whether what is there is kept.
class ResumableFile {
 public:
  /// "" and "-" are stdout.
  ResumableFile(const std::string& path, ResumeOptions options);

  /// Units that an earlier run has written: those to leave out.
  [[nodiscard]] std::uint64_t done() const { return done_; }

  void write(std::string_view bytes);

  /// All that was written so far is `done` units. Made durable when the last time is long enough ago; `now` at once.
  void mark(std::uint64_t done, bool now = false);

  /// The file gets its name; how far it had come is forgotten.
  void close();

  /// For a file that is only the matter of another one: where it is, all of it on the disk.
  std::filesystem::path complete();
  /// Removes it.
  void discard();

 private:
  void forget_progress();
  template <class Work>
  void keeping(const Work& work);

  ResumeOptions options_;
  std::string path_;
  std::uint64_t done_ = 0;
  OutputFile file_;
  Stopwatch since_mark_;
};

}  // namespace alsace::io
