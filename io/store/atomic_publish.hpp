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
  FileDescriptor(FileDescriptor&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&&) = delete;
  ~FileDescriptor();
  [[nodiscard]] int get() const { return descriptor_; }

 private:
  explicit FileDescriptor(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

/// fsync of a file or a directory.
void sync_to_disk(const std::filesystem::path& path);

/// fsync, then asks the kernel to forget the file's pages, so that what is read back comes from the disk.
void sync_and_drop(const std::filesystem::path& file);

/// Writes a new file and fsyncs it.
void write_file(const std::filesystem::path& file, std::string_view text);

/// Makes the empty directory `staging`, in the place of whatever is there.
void make_empty_directory(const std::filesystem::path& staging);

/// Gives the directory `staging` the name `target`, replacing a directory of that name, and fsyncs the parent. What was
/// replaced is removed; if the writer is stopped before that, it is left under a name that ends in .tmp.
void publish_directory(const std::filesystem::path& staging, const std::filesystem::path& target);

/// Makes `link` point to `target` (a name beside it), by renaming a new link over it, and fsyncs the parent.
void point_link(const std::filesystem::path& link, const std::string& target);

}  // namespace alsace::io
