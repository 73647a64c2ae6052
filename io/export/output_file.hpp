#pragma once

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string_view>

#include <fmt/format.h>

#include "src/error.hpp"

namespace alsace::io {

/// A file that is written from its beginning to its end. Throws ErrorKind::storage with the system's reason. Without
/// close() what was written counts for nothing.
class OutputFile {
 public:
  explicit OutputFile(const std::filesystem::path& path)
      : path_(path), stream_(path, std::ios::binary | std::ios::trunc) {
    check("creating");
  }
  void write(std::string_view bytes) {
    stream_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    check("writing");
  }
  void close() {
    stream_.close();
    check("writing");
  }

 private:
  void check(const char* what) const {
    if (!stream_) throw storage_error(fmt::format("{}: {} failed: {}", path_.string(), what, std::strerror(errno)));
  }
  std::filesystem::path path_;
  std::ofstream stream_;
};

}  // namespace alsace::io
