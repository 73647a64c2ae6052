#pragma once

#include <filesystem>
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

/// Makes the empty temporary_of(path), in the place of a regular file that an interrupted run left; what else has that
/// name is refused. Throws ErrorKind::storage.
FileDescriptor create_temporary(const std::filesystem::path& path);

/// Gives temporary_of(path) the name `path`, in the place of a file that was there, and makes that durable. Throws
/// ErrorKind::storage.
void publish_temporary(const std::filesystem::path& path);

/// A file that is written from its beginning to its end and appears under its name in close(); without close(), what
/// was written is removed. What is there and not a regular file (a pipe, a device) is written to directly; a link stays
/// and its target is replaced. Throws ErrorKind::storage with the system's reason.
class OutputFile {
 public:
  explicit OutputFile(const std::filesystem::path& path);
  static OutputFile standard_output();
  OutputFile(OutputFile&&) = default;
  ~OutputFile();

  void write(std::string_view bytes);
  /// Writes what is left, fsyncs and renames.
  void close();

 private:
  OutputFile(std::string name, FileDescriptor file) : name_(std::move(name)), file_(std::move(file)) {}
  void flush();

  std::string name_;             // for messages
  std::filesystem::path final_;  // empty when written to directly
  FileDescriptor file_;
  std::string buffer_;
};

/// Writes a whole file with OutputFile.
void write_report(const std::filesystem::path& path, std::string_view text);

}  // namespace alsace::io
