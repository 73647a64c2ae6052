#pragma once

#include <filesystem>

#include "io/store/atomic_publish.hpp"

namespace alsace::io {

/// Keeps a second run out of a model directory while the first one writes: flock(2) on the directory itself, which
/// leaves nothing behind and ends with the process, however that ends. Where the file system has no such locks (some
/// network ones), or the directory cannot be opened, there is none, and two runs are on their own.
class ModelLock {
 public:
  /// Throws ErrorKind::storage naming the directory when another run holds the lock.
  explicit ModelLock(const std::filesystem::path& model);

 private:
  FileDescriptor directory_;
};

/// Keeps a checkpoint in its place for as long as somebody reads it: a shared flock(2) on its directory, which
/// is_being_read sees. Where there are no such locks, a reader is on its own.
class ReadingLock {
 public:
  /// Does not throw: whether the checkpoint is there is found out by reading it.
  explicit ReadingLock(const std::filesystem::path& checkpoint);

 private:
  FileDescriptor directory_;
};

/// True while a ReadingLock, of this process or another, is on the checkpoint.
bool is_being_read(const std::filesystem::path& checkpoint);

}  // namespace alsace::io
