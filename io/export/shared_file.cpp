#include "io/export/shared_file.hpp"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "io/export/output_file.hpp"
#include "src/error.hpp"

namespace alsace::io {
namespace {

namespace fs = std::filesystem;

FileDescriptor open_temporary(const fs::path& temporary) {
  FileDescriptor file = FileDescriptor::try_open(temporary, O_WRONLY | O_NOFOLLOW);
  if (file.get() < 0) throw write_error(temporary.string(), errno);
  return file;
}

}  // namespace

void SharedFile::create(const fs::path& path, bool overwrite) {
  std::error_code ignored;
  const fs::file_status status = fs::status(path, ignored);
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    throw usage_error(fmt::format("{}: exists and is not a regular file, expected a new file", path.string()));
  }
  if (fs::exists(status) && !overwrite) {
    throw usage_error(fmt::format("{}: exists, expected a new file or --overwrite", path.string()));
  }
  (void)create_temporary(path);
}

void SharedFile::publish(const fs::path& path) {
  publish_temporary(path);
}

void SharedFile::discard(const fs::path& path) noexcept {
  ::unlink(temporary_of(path).c_str());
}

SharedFile::SharedFile(const fs::path& path)
    : temporary_(temporary_of(path)), descriptor_(open_temporary(temporary_)) {}

void SharedFile::write_at(std::uint64_t offset, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::pwrite(descriptor_.get(), text.data(), text.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw write_error(temporary_.string(), errno);
    offset += static_cast<std::uint64_t>(written);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

void SharedFile::close() {
  if (::fsync(descriptor_.get()) != 0) throw write_error(temporary_.string(), errno);
  if (::close(descriptor_.release()) != 0) throw write_error(temporary_.string(), errno);
}

}  // namespace alsace::io
