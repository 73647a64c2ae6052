#include "io/readers/reject_file.hpp"

#include <cerrno>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>

#include "io/paths.hpp"
#include "io/store/store_place.hpp"
#include "src/error.hpp"

namespace alsace::io {

RejectFile::RejectFile(const std::string& path, int rank, bool append) : path_(path.empty() ? "" : name(path, rank)) {
  std::error_code ignored;
  if (!path_.empty() && !append) std::filesystem::remove(path_, ignored);  // of an earlier run, maybe on more ranks
}

void RejectFile::write(const std::string& input, std::uint64_t line, const ParsedRow& row) {
  errno = 0;
  if (!file_.is_open()) file_.open(path_, std::ios::binary | std::ios::app);
  file_ << input << ':' << line << '\t' << row.problem << '\t' << row.text << '\n';
  file_.flush();
  if (!file_) {
    throw storage_error(fmt::format("--reject-file = {}, expected a file that can be written: {}", path_,
                                    std::generic_category().message(errno)));
  }
}

std::string RejectFile::name(const std::string& path, int rank) {
  return rank == 0 ? path : fmt::format("{}.{}", path, rank);
}

void check_reject_file(const std::string& path, int ranks, std::span<const std::string> inputs) {
  if (path.empty()) return;
  NamedFiles files;
  for (const std::string& input : inputs) files.add(input);
  for (int rank = 0; rank < ranks; ++rank) {
    const std::string rejects = RejectFile::name(path, rank);
    const std::string* const input = files.find(rejects);
    if (input == nullptr) continue;
    throw usage_error(
        fmt::format("--reject-file = {}, expected a file that is no input: {} is {}", path, rejects, *input));
  }
  refuse_store(path);
}

}  // namespace alsace::io
