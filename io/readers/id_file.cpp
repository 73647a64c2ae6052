#include "io/readers/id_file.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "src/error.hpp"

namespace alsace::io {

std::vector<std::string> read_id_file(const std::filesystem::path& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) throw input_error(fmt::format("{}: cannot be read: {}", path.string(), std::strerror(errno)));
  std::vector<std::string> ids;
  for (std::string line; std::getline(file, line);) {
    if (line.ends_with('\r')) line.pop_back();
    if (!line.empty()) ids.push_back(std::move(line));
  }
  if (file.bad()) throw input_error(fmt::format("{}: cannot be read: {}", path.string(), std::strerror(errno)));
  return ids;
}

std::vector<std::string> ids_of_option(const std::string& text) {
  std::error_code ignored;
  if (std::filesystem::exists(text, ignored)) {
    if (std::filesystem::is_directory(text, ignored)) {
      throw input_error(fmt::format("{}: a directory, expected a file of ids", text));
    }
    return read_id_file(text);
  }
  std::vector<std::string> ids;
  std::istringstream parts(text);
  for (std::string id; std::getline(parts, id, ',');) {
    if (!id.empty()) ids.push_back(id);
  }
  return ids;
}

}  // namespace alsace::io
