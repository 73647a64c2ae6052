#include "io/store/model_lock.hpp"

#include <cerrno>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include "src/error.hpp"

namespace alsace::io {
namespace {

FileDescriptor open_directory(const std::filesystem::path& directory) {
  return FileDescriptor::try_open(directory, O_RDONLY | O_DIRECTORY);
}

/// False only where somebody else's lock is in the way.
bool lock(const FileDescriptor& directory, int kind) {
  return directory.get() < 0 || ::flock(directory.get(), kind | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

}  // namespace

ModelLock::ModelLock(const std::filesystem::path& model) : directory_(open_directory(model)) {
  if (lock(directory_, LOCK_EX)) return;
  throw storage_error(fmt::format("{}: another run is writing to this model, expected one at a time", model.string()));
}

ReadingLock::ReadingLock(const std::filesystem::path& checkpoint) : directory_(open_directory(checkpoint)) {
  (void)lock(directory_, LOCK_SH);  // fails while somebody looks whether it is being read, to remove it
}

bool is_being_read(const std::filesystem::path& checkpoint) {
  return !lock(open_directory(checkpoint), LOCK_EX);
}

}  // namespace alsace::io
