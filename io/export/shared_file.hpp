#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "io/store/atomic_publish.hpp"

namespace alsace::io {

/// A file that several processes write, each its own byte ranges, under the name `path`.alsace-tmp until all are done.
/// One process creates it, all open and write and close it, one publishes or discards it. All throw ErrorKind::storage
/// with the path and the system's reason.
class SharedFile {
 public:
  /// Makes the empty `path`.alsace-tmp, in the place of a leftover one. Throws ErrorKind::usage when `path` exists and
  /// `overwrite` is false or it is not a regular file.
  static void create(const std::filesystem::path& path, bool overwrite);
  /// Gives the file its name, in the place of one that was there, and makes that durable.
  static void publish(const std::filesystem::path& path);
  /// Removes `path`.alsace-tmp; never throws.
  static void discard(const std::filesystem::path& path) noexcept;

  /// Opens `path`.alsace-tmp.
  explicit SharedFile(const std::filesystem::path& path);

  void write_at(std::uint64_t offset, std::string_view text);
  /// Forces what was written to the disk and closes: a full disk may show only here.
  void close();

 private:
  std::filesystem::path temporary_;
  FileDescriptor descriptor_;
};

}  // namespace alsace::io
