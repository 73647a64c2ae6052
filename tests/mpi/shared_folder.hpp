#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "mpi/comm/collectives.hpp"
#include "mpi/comm/objects.hpp"
#include "tests/support/scratch_folder.hpp"

namespace alsace::test {

/// A folder that all ranks of a test have together, and nothing else has. Collective: the constructor, write() and the
/// destructor, so that nobody reads before a file is there or after it is gone.
class SharedFolder {
 public:
  explicit SharedFolder(const mpi::Communicator& comm)
      : comm_(comm), path_(mpi::broadcast_object(comm, own_.path().string())) {}
  ~SharedFolder() { mpi::barrier(comm_); }
  SharedFolder(const SharedFolder&) = delete;
  SharedFolder& operator=(const SharedFolder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::string operator/(std::string_view name) const { return (path_ / name).string(); }

  /// A file of this text, written by rank 0; its path.
  [[nodiscard]] std::string write(std::string_view name, std::string_view text) const {
    if (comm_.is_root()) (void)own_.write(name, text);
    mpi::barrier(comm_);
    return *this / name;
  }

 private:
  const mpi::Communicator& comm_;
  ScratchFolder own_;  // that of rank 0 is everybody's
  std::filesystem::path path_;
};

}  // namespace alsace::test
