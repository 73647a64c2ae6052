#include "io/store/model_lock.hpp"

#include <cerrno>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include "src/error.hpp"

namespace alsace::io {

ModelLock::ModelLock(const std::filesystem::path& model)
    : directory_(FileDescriptor::try_open(model, O_RDONLY | O_DIRECTORY)) {
  if (directory_.get() < 0 || ::flock(directory_.get(), LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return;
  throw storage_error(fmt::format("{}: another run is writing to this model, expected one at a time", model.string()));
}

}  // namespace alsace::io
