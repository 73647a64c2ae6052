#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

/// The steps that make a commit atomic: what a reader finds under a name is whole, whenever it looks and wherever the
/// writer was stopped. All throw ErrorKind::storage naming the file and the system's reason.
namespace alsace::io {

/// Owns a file descriptor.
class FileDescriptor {
 public:
  /// open(2), close-on-exec.
  static FileDescriptor open(const std::filesystem::path& path, int flags, unsigned mode = 0666);
  /// The same for callers with a message of their own: get() is negative and errno set when it fails.
  static FileDescriptor try_open(const std::filesystem::path& path, int flags, unsigned mode = 0666);
  /// dup(2) of another; get() is negative and errno set when it fails.
  static FileDescriptor duplicate_of(int descriptor);
  FileDescriptor(FileDescriptor&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&&) = delete;
  ~FileDescriptor();
  [[nodiscard]] int get() const { return descriptor_; }
  /// Gives the descriptor to the caller, who closes it.
  [[nodiscard]] int release() { return std::exchange(descriptor_, -1); }

 private:
  explicit FileDescriptor(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

/// The directory that holds `path`: "." for a mere name.
std::filesystem::path parent_of(const std::filesystem::path& path);

/// fsync of a directory. File systems that cannot (some network and FUSE ones) are left to their own ways.
void sync_directory(const std::filesystem::path& directory);

/// Asks the kernel to start writing what of a file is not on the disk yet, and does not wait: an fsync then finds less
/// to do. No more than a hint.
void start_writing_back(const FileDescriptor& file);

/// fsync, then asks the kernel to forget the file's pages, so that what is read back comes from the disk.
void sync_and_drop(const std::filesystem::path& file);

/// write(2) until all of `text` is written; false, with errno set, when that fails.
bool write_all(int descriptor, std::string_view text);

/// Writes a new file and fsyncs it.
void write_file(const std::filesystem::path& file, std::string_view text);

/// Makes a directory and those above it where they are missing, and fsyncs the parent of each that it made.
void make_directories(const std::filesystem::path& directory);

/// Makes the empty directory `staging`, in the place of whatever is there.
void make_empty_directory(const std::filesystem::path& staging);

/// Gives the directory `staging` the name `target`, replacing a directory of that name, and fsyncs the parent. What was
/// replaced is removed; if the writer is stopped before that, it is left as `staging` or `aside_of(target)`.
void publish_directory(const std::filesystem::path& staging, const std::filesystem::path& target);

/// Where a directory that is being replaced steps aside on file systems that cannot exchange two names.
std::filesystem::path aside_of(const std::filesystem::path& target);

/// Makes `link` point to `target` (a name beside it), by renaming a new link over it, and fsyncs the parent.
void point_link(const std::filesystem::path& link, const std::string& target);

}  // namespace alsace::io
