#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include <boost/iostreams/filter/gzip.hpp>
#include <boost/iostreams/filtering_stream.hpp>
#include <unistd.h>

namespace alsace::testing_support {

/// A directory of files for one test; gone afterwards.
class TemporaryDirectory {
 public:
  explicit TemporaryDirectory(const std::string& name)
      : path_(std::filesystem::temp_directory_path() / ("alsace-" + name + "-" + std::to_string(getpid()))) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  [[nodiscard]] std::string operator/(const std::string& name) const { return (path_ / name).string(); }

  std::string write(const std::string& name, std::string_view text) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
    return *this / name;
  }

 private:
  std::filesystem::path path_;
};

/// `text` as one gzip member, by the program that most such files come from.
inline std::string gzip(std::string_view text) {
  const TemporaryDirectory directory("gzip");
  const std::string path = directory.write("text", text);
  if (std::system(("gzip -n " + path).c_str()) != 0) throw std::runtime_error("gzip failed");
  std::ostringstream compressed;
  compressed << std::ifstream(path + ".gz", std::ios::binary).rdbuf();
  return compressed.str();
}

}  // namespace alsace::testing_support
