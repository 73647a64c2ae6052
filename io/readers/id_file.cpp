#include "io/readers/id_file.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "io/readers/line_reader.hpp"
#include "src/error.hpp"

namespace alsace::io {
namespace {

std::string_view without_blanks(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

}  // namespace

std::vector<std::string> read_id_file(const std::filesystem::path& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) throw input_error(fmt::format("{}: cannot be read: {}", path.string(), std::strerror(errno)));
  std::vector<std::string> ids;
  for (std::string line; std::getline(file, line);) {
    if (ids.empty()) line = without_byte_order_mark(line);
    if (line.ends_with('\r')) line.pop_back();
    if (!line.empty()) ids.push_back(std::move(line));
  }
  if (file.bad()) throw input_error(fmt::format("{}: cannot be read: {}", path.string(), std::strerror(errno)));
  if (ids.empty()) throw input_error(fmt::format("{}: no id in it, expected one a line", path.string()));
  return ids;
}

std::vector<std::string> ids_of_option(const std::string& text) {
  std::error_code ignored;
  if (std::filesystem::exists(text, ignored)) {
    if (std::filesystem::is_directory(text, ignored)) {
      throw input_error(fmt::format("{}: a directory, expected a file of ids", text));
    }
    std::vector<std::string> ids = read_id_file(text);
    spdlog::info("{}: a file of {} ids", text, ids.size());
    return ids;
  }
  std::vector<std::string> ids;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) {
    const std::string_view id = without_blanks(part);
    if (!id.empty()) ids.emplace_back(id);
  }
  return ids;
}

}  // namespace alsace::io
