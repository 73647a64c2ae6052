#include "io/store/atomic_publish.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/store/store_schema.hpp"
#include "src/error.hpp"

namespace alsace::io {
namespace {

namespace fs = std::filesystem;

Error failed(const fs::path& path, const char* what) {
  return storage_error(fmt::format("{}: {} failed: {}", path.string(), what, std::strerror(errno)));
}

void remove_tree(const fs::path& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) throw storage_error(fmt::format("{}: removing failed: {}", path.string(), error.message()));
}

void rename_path(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) throw failed(to, "renaming");
}

}  // namespace

FileDescriptor FileDescriptor::open(const fs::path& path, int flags, unsigned mode) {
  FileDescriptor file = try_open(path, flags, mode);
  if (file.get() >= 0) return file;
  if (errno == ELOOP) throw storage_error(fmt::format("{}: is a link, expected a regular file", path.string()));
  throw failed(path, "opening");
}

FileDescriptor FileDescriptor::try_open(const fs::path& path, int flags, unsigned mode) {
  return FileDescriptor(::open(path.c_str(), flags | O_CLOEXEC, mode));
}

FileDescriptor FileDescriptor::duplicate_of(int descriptor) {
  return FileDescriptor(::fcntl(descriptor, F_DUPFD_CLOEXEC, 0));
}

FileDescriptor::~FileDescriptor() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

fs::path parent_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

void sync_directory(const fs::path& directory) {
  const FileDescriptor opened = FileDescriptor::open(directory, O_RDONLY | O_DIRECTORY);
  if (::fsync(opened.get()) != 0 && errno != EINVAL && errno != EOPNOTSUPP) throw failed(directory, "fsync");
}

void start_writing_back(const FileDescriptor& file) {
  (void)::sync_file_range(file.get(), 0, 0, SYNC_FILE_RANGE_WRITE);
}

void sync_and_drop(const fs::path& path) {
  const FileDescriptor file = FileDescriptor::open(path, O_RDONLY);
  if (::fsync(file.get()) != 0) throw failed(path, "fsync");
  ::posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED);  // advice: a file system may not know it
}

bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t wrote = ::write(descriptor, text.data(), text.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return true;
}

void write_file(const fs::path& path, std::string_view text) {
  const FileDescriptor file = FileDescriptor::open(path, O_WRONLY | O_CREAT | O_EXCL);
  if (!write_all(file.get(), text)) throw failed(path, "writing");
  if (::fsync(file.get()) != 0) throw failed(path, "fsync");
}

void make_directories(const fs::path& directory) {
  std::error_code ignored;
  if (fs::is_directory(directory, ignored)) return;
  const fs::path parent = parent_of(directory);
  if (parent != directory) make_directories(parent);
  if (::mkdir(directory.c_str(), 0777) != 0) {
    const int reason = errno;
    if (reason == EEXIST && fs::is_directory(directory, ignored)) return;  // another process was faster
    errno = reason == EEXIST ? ENOTDIR : reason;
    throw failed(directory, "making the directory");
  }
  sync_directory(parent);
}

void make_empty_directory(const fs::path& staging) {
  remove_tree(staging);
  make_directories(staging);
}

fs::path aside_of(const fs::path& target) {
  return target.string() + schema::replaced_suffix + schema::staging_suffix;
}

void publish_directory(const fs::path& staging, const fs::path& target) {
  sync_directory(staging);
  if (!fs::exists(fs::symlink_status(target))) {
    rename_path(staging, target);
    sync_directory(parent_of(target));
    return;
  }
  // Both names always hold something whole. NFS and others cannot exchange: there the old one steps aside first.
  if (::renameat2(AT_FDCWD, staging.c_str(), AT_FDCWD, target.c_str(), RENAME_EXCHANGE) == 0) {
    sync_directory(parent_of(target));
    remove_tree(staging);
    return;
  }
  if (errno != EINVAL && errno != ENOSYS) throw failed(target, "replacing");
  const fs::path aside = aside_of(target);
  remove_tree(aside);
  rename_path(target, aside);
  rename_path(staging, target);
  sync_directory(parent_of(target));
  remove_tree(aside);
}

void point_link(const fs::path& link, const std::string& target) {
  const fs::path fresh = link.string() + ".tmp";
  remove_tree(fresh);
  if (::symlink(target.c_str(), fresh.c_str()) != 0) throw failed(fresh, "making the link");
  rename_path(fresh, link);
  sync_directory(parent_of(link));
}

}  // namespace alsace::io
