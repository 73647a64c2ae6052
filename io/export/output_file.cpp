#include "io/export/output_file.hpp"

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <optional>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace alsace::io {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t buffer_bytes = 1 << 18;
/// After so many the kernel is told to write: what waits for the disk in the end then waits for the rest alone.
constexpr std::size_t bytes_of_a_push = 1 << 23;

/// The descriptor of this process that a name means. Such a name leads to what is open there, a regular file perhaps,
/// of which others write parts too.
std::optional<int> descriptor_named(const fs::path& path) {
  if (path == "/dev/stdout") return STDOUT_FILENO;
  if (path == "/dev/stderr") return STDERR_FILENO;
  const fs::path folder = path.parent_path();
  if (folder != "/dev/fd" && folder != "/proc/self/fd") return std::nullopt;
  const std::string name = path.filename().string();
  int descriptor = 0;
  const auto read = std::from_chars(name.data(), name.data() + name.size(), descriptor);
  if (read.ec != std::errc() || read.ptr != name.data() + name.size()) return std::nullopt;
  return descriptor;
}

}  // namespace

fs::path replaced_by(const fs::path& path) {
  if (descriptor_named(path)) return {};
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (fs::exists(status) && !fs::is_regular_file(status)) return {};
  if (!fs::is_symlink(fs::symlink_status(path, error))) return path;
  const fs::path target = fs::canonical(path, error);
  return error ? path : target;
}

namespace {

/// flock(2), which ends with the process; file systems without such locks are left to the user's care.
void lock_or_refuse(const FileDescriptor& file, const fs::path& path) {
  if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return;
  throw storage_error(fmt::format("{}: another run is writing this file, expected one at a time", path.string()));
}

/// The temporary file that a run has left or is writing; get() is negative when there is none.
FileDescriptor open_leftover(const fs::path& target) {
  FileDescriptor file = FileDescriptor::try_open(temporary_of(target), O_WRONLY | O_NOFOLLOW);
  if (file.get() >= 0) lock_or_refuse(file, target);
  return file;
}

FileDescriptor open_output(const fs::path& path, const fs::path& target) {
  if (!target.empty()) {
    const FileDescriptor leftover = open_leftover(target);
    FileDescriptor created = create_temporary(target);
    lock_or_refuse(created, target);
    return created;
  }
  const std::optional<int> opened = descriptor_named(path);
  FileDescriptor file = opened ? FileDescriptor::duplicate_of(*opened) : FileDescriptor::try_open(path, O_WRONLY);
  if (file.get() < 0) throw write_error(path.string(), errno);
  return file;
}

}  // namespace

Error write_error(const std::string& name, int code) {
  return storage_error(fmt::format("{}: cannot be written: {}", name, std::generic_category().message(code)));
}

fs::path temporary_of(const fs::path& path) {
  return path.string() + ".alsace-tmp";
}

FileDescriptor create_temporary(const fs::path& path) {
  const fs::path temporary = temporary_of(path);
  std::error_code ignored;
  if (fs::is_regular_file(fs::symlink_status(temporary, ignored))) ::unlink(temporary.c_str());
  FileDescriptor file = FileDescriptor::try_open(temporary, O_WRONLY | O_CREAT | O_EXCL);
  if (file.get() < 0) throw write_error(temporary.string(), errno);
  return file;
}

void publish_temporary(const fs::path& path) {
  if (std::rename(temporary_of(path).c_str(), path.c_str()) != 0) throw write_error(path.string(), errno);
  sync_directory(parent_of(path));
}

OutputFile::OutputFile(std::string name, fs::path final, FileDescriptor file)
    : name_(std::move(name)), final_(std::move(final)), file_(std::move(file)) {}

OutputFile::OutputFile(const fs::path& path)
    : name_(path.string()), final_(replaced_by(path)), file_(open_output(path, final_)) {}

OutputFile OutputFile::standard_output() {
  FileDescriptor file = FileDescriptor::duplicate_of(STDOUT_FILENO);
  if (file.get() < 0) throw write_error("stdout", errno);
  return {"stdout", {}, std::move(file)};
}

std::optional<OutputFile> OutputFile::continued(const fs::path& path, std::uint64_t bytes) {
  const fs::path target = replaced_by(path);
  if (target.empty()) return std::nullopt;
  FileDescriptor file = open_leftover(target);
  struct ::stat status {};
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  if (static_cast<std::uint64_t>(status.st_size) < bytes) return std::nullopt;
  const auto end = static_cast<off_t>(bytes);
  if (::ftruncate(file.get(), end) != 0 || ::lseek(file.get(), end, SEEK_SET) != end) {
    throw write_error(temporary_of(target).string(), errno);
  }
  return OutputFile(path.string(), target, std::move(file));
}

OutputFile::~OutputFile() {
  if (file_.get() >= 0 && !final_.empty() && !kept_) ::unlink(temporary_of(final_).c_str());
}

fs::path OutputFile::temporary() const {
  return final_.empty() ? fs::path() : temporary_of(final_);
}

std::uint64_t OutputFile::sync() {
  flush();
  if (final_.empty()) return 0;
  const off_t end = ::lseek(file_.get(), 0, SEEK_CUR);
  if (end < 0 || ::fdatasync(file_.get()) != 0) throw write_error(name_, errno);
  return static_cast<std::uint64_t>(end);
}

void OutputFile::write(std::string_view bytes) {
  if (bytes.size() < buffer_bytes) {
    buffer_ += bytes;
    if (buffer_.size() >= buffer_bytes) flush();
    return;
  }
  flush();
  write_through(bytes);
}

void OutputFile::flush() {
  write_through(buffer_);
  buffer_.clear();
}

void OutputFile::write_through(std::string_view bytes) {
  if (!write_all(file_.get(), bytes)) throw write_error(name_, errno);
  not_pushed_ += bytes.size();
  if (final_.empty() || not_pushed_ < bytes_of_a_push) return;
  start_writing_back(file_);
  not_pushed_ = 0;
}

void OutputFile::close() {
  flush();
  if (final_.empty()) {
    if (::close(file_.release()) != 0) throw write_error(name_, errno);
    return;
  }
  if (::fsync(file_.get()) != 0) throw write_error(name_, errno);
  publish_temporary(final_);
  ::close(file_.release());  // what it holds is on the disk
}

void write_report(const fs::path& path, std::string_view text) {
  OutputFile file(path);
  file.write(text);
  file.close();
}

}  // namespace alsace::io
