#include "io/store/atomic_publish.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/error.hpp"

namespace alsace::io {
namespace {

namespace fs = std::filesystem;

Error failed(const fs::path& path, const char* what) {
  return storage_error(fmt::format("{}: {} failed: {}", path.string(), what, std::strerror(errno)));
}

fs::path parent_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
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
  const int descriptor = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  if (descriptor < 0) {
    if (errno == ELOOP) throw storage_error(fmt::format("{}: is a link, expected a regular file", path.string()));
    throw failed(path, "opening");
  }
  return FileDescriptor(descriptor);
}

FileDescriptor::~FileDescriptor() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void sync_to_disk(const fs::path& path) {
  const FileDescriptor file = FileDescriptor::open(path, O_RDONLY);
  if (::fsync(file.get()) != 0) throw failed(path, "fsync");
}

void sync_and_drop(const fs::path& path) {
  const FileDescriptor file = FileDescriptor::open(path, O_RDONLY);
  if (::fsync(file.get()) != 0) throw failed(path, "fsync");
  ::posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED);  // advice: a file system may not know it
}

void write_file(const fs::path& path, std::string_view text) {
  const FileDescriptor file = FileDescriptor::open(path, O_WRONLY | O_CREAT | O_EXCL);
  for (std::size_t at = 0; at < text.size();) {
    const ssize_t wrote = ::write(file.get(), text.data() + at, text.size() - at);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) throw failed(path, "writing");
    at += static_cast<std::size_t>(wrote);
  }
  if (::fsync(file.get()) != 0) throw failed(path, "fsync");
}

void make_empty_directory(const fs::path& staging) {
  remove_tree(staging);
  std::error_code error;
  fs::create_directories(staging, error);
  if (error) throw storage_error(fmt::format("{}: making the directory failed: {}", staging.string(), error.message()));
}

void publish_directory(const fs::path& staging, const fs::path& target) {
  sync_to_disk(staging);
  if (!fs::exists(fs::symlink_status(target))) {
    rename_path(staging, target);
    sync_to_disk(parent_of(target));
    return;
  }
  // Both names always hold something whole. NFS and others cannot exchange: there the old one steps aside first.
  if (::renameat2(AT_FDCWD, staging.c_str(), AT_FDCWD, target.c_str(), RENAME_EXCHANGE) == 0) {
    sync_to_disk(parent_of(target));
    remove_tree(staging);
    return;
  }
  if (errno != EINVAL && errno != ENOSYS) throw failed(target, "replacing");
  const fs::path aside = target.string() + ".replaced.tmp";
  remove_tree(aside);
  rename_path(target, aside);
  rename_path(staging, target);
  sync_to_disk(parent_of(target));
  remove_tree(aside);
}

void point_link(const fs::path& link, const std::string& target) {
  const fs::path fresh = link.string() + ".tmp";
  remove_tree(fresh);
  if (::symlink(target.c_str(), fresh.c_str()) != 0) throw failed(fresh, "making the link");
  rename_path(fresh, link);
  sync_to_disk(parent_of(link));
}

}  // namespace alsace::io
