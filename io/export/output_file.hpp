#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "io/store/atomic_publish.hpp"
#include "src/error.hpp"

/// Writing results for others: a file is there complete or not at all.
namespace alsace::io {

/// ErrorKind::storage with the text `<name>: cannot be written: <reason>`; `code` is an errno.
Error write_error(const std::string& name, int code);

/// The name `path`.alsace-tmp that a file has until it is complete.
std::filesystem::path temporary_of(const std::filesystem::path& path);

/// The file that writing to `path` replaces: the end of a chain of links. "" for what is not a regular file, or is a
/// name of one of this process's descriptors, and is written to directly.
std::filesystem::path replaced_by(const std::filesystem::path& path);

/// Makes the empty temporary_of(path), in the place of a regular file that an interrupted run left; what else has that
/// name is refused. Throws ErrorKind::storage.
FileDescriptor create_temporary(const std::filesystem::path& path);

/// Gives temporary_of(path) the name `path`, in the place of a file that was there, and makes that durable. Throws
/// ErrorKind::storage.
void publish_temporary(const std::filesystem::path& path);

/// A file that is written from its beginning to its end and appears under its name in close(); without close(), what
/// was written is removed. What is there and not a regular file (a pipe, a device, /dev/stdout) is written to directly;
/// a link stays and its target is replaced. One process writes to a name at a time. Throws ErrorKind::storage with the
/// system's reason.
class OutputFile {
 public:
  explicit OutputFile(const std::filesystem::path& path);
  static OutputFile standard_output();
  /// Goes on behind the first `bytes` bytes of temporary_of(path), which a run has left (see keep). Nothing when there
  /// is no such file or it is shorter.
  static std::optional<OutputFile> continued(const std::filesystem::path& path, std::uint64_t bytes);
  OutputFile(OutputFile&&) = default;
  ~OutputFile();

  void write(std::string_view bytes);
  /// Writes what is left and waits until it is on the disk. Returns the bytes of the file.
  std::uint64_t sync();
  /// From now on what was written stays as temporary_of(path) when the run ends without close().
  void keep() { kept_ = true; }
  [[nodiscard]] bool is_kept() const { return kept_; }
  /// Writes what is left, fsyncs and renames.
  void close();

  /// Where the bytes are until close(); empty when they are written directly to what the name leads to.
  [[nodiscard]] std::filesystem::path temporary() const;

 private:
  OutputFile(std::string name, std::filesystem::path final, FileDescriptor file);
  void flush();
  void write_through(std::string_view bytes);

  std::string name_;             // for messages
  std::filesystem::path final_;  // empty when written to directly
  FileDescriptor file_;
  std::string buffer_;
  std::size_t not_pushed_ = 0;  // bytes since the kernel was last told to write
  bool kept_ = false;
};

/// Writes a whole file with OutputFile.
void write_report(const std::filesystem::path& path, std::string_view text);

}  // namespace alsace::io
