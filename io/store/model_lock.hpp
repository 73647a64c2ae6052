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

}  // namespace alsace::io
