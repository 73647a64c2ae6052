#include "io/export/shared_file.hpp"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "src/error.hpp"

namespace alsace::io {
namespace {

namespace fs = std::filesystem;

fs::path temporary_of(const fs::path& path) {
  return path.string() + ".tmp";
}

Error failed(const char* step, const fs::path& path, int code) {
  return storage_error(fmt::format("{}: {} failed: {}", path.string(), step, std::generic_category().message(code)));
}

int open_file(const fs::path& path, int flags) {
  const int descriptor = ::open(path.c_str(), flags | O_CLOEXEC, 0666);
  if (descriptor < 0) throw failed("open", path, errno);
  return descriptor;
}

void sync_and_close(const fs::path& path, int descriptor) {
  const int synced = ::fsync(descriptor) == 0 ? 0 : errno;
  const int closed = ::close(descriptor) == 0 ? 0 : errno;
  if (synced != 0) throw failed("fsync", path, synced);
  if (closed != 0) throw failed("close", path, closed);
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
  const fs::path temporary = temporary_of(path);
  if (::close(open_file(temporary, O_WRONLY | O_CREAT | O_TRUNC)) != 0) throw failed("close", temporary, errno);
}

void SharedFile::publish(const fs::path& path) {
  if (::rename(temporary_of(path).c_str(), path.c_str()) != 0) throw failed("rename", temporary_of(path), errno);
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  sync_and_close(folder, open_file(folder, O_RDONLY | O_DIRECTORY));
}

void SharedFile::discard(const fs::path& path) noexcept {
  ::unlink((path.native() + ".tmp").c_str());
}

SharedFile::SharedFile(const fs::path& path)
    : temporary_(temporary_of(path)), descriptor_(open_file(temporary_, O_WRONLY)) {}

SharedFile::~SharedFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void SharedFile::write_at(std::uint64_t offset, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::pwrite(descriptor_, text.data(), text.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw failed("write", temporary_, errno);
    offset += static_cast<std::uint64_t>(written);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

void SharedFile::close() {
  const int descriptor = descriptor_;
  descriptor_ = -1;
  sync_and_close(temporary_, descriptor);
}

}  // namespace alsace::io
