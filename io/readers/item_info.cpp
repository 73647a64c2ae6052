#include "io/readers/item_info.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>
#include <vector>

#include <fmt/format.h>

#include "src/error.hpp"

namespace alsace::io {
namespace {

std::string read_whole(const std::filesystem::path& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (file) text << file.rdbuf();
  if (!file || std::filesystem::is_directory(path)) {
    throw input_error(fmt::format("{}: cannot be read: {}", path.string(),
                                  std::filesystem::is_directory(path) ? "it is a directory" : std::strerror(errno)));
  }
  return std::move(text).str();
}

/// Goes through RFC 4180 records.
class CsvText {
 public:
  CsvText(std::string name, std::string text) : name_(std::move(name)), text_(std::move(text)) {
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
  }

  /// The fields of the next record that is not an empty line; nothing at the end.
  std::optional<std::vector<std::string>> next() {
    while (at_ < text_.size() && (text_[at_] == '\n' || text_[at_] == '\r')) step();
    if (at_ >= text_.size()) return std::nullopt;
    record_line_ = line_;
    std::vector<std::string> fields{field()};
    while (at_ < text_.size() && text_[at_] == ',') {
      ++at_;
      fields.push_back(field());
    }
    return fields;
  }

  [[nodiscard]] Error error(const std::string& what) const {
    return input_error(fmt::format("{}:{}: {}", name_, record_line_, what));
  }

 private:
  void step() {
    if (text_[at_++] == '\n') ++line_;
  }

  std::string field() {
    if (at_ < text_.size() && text_[at_] == '"') return quoted_field();
    const std::size_t end = std::min(text_.find_first_of(",\r\n", at_), text_.size());
    std::string value = text_.substr(at_, end - at_);
    at_ = end;
    return value;
  }

  std::string quoted_field() {
    std::string value;
    ++at_;
    while (true) {
      if (at_ >= text_.size()) throw error("a quoted field has no end");
      const char c = text_[at_];
      step();
      if (c != '"') {
        value += c;
      } else if (at_ < text_.size() && text_[at_] == '"') {
        value += '"';
        ++at_;
      } else {
        break;
      }
    }
    if (at_ < text_.size() && text_[at_] != ',' && text_[at_] != '\r' && text_[at_] != '\n') {
      throw error(fmt::format("'{}' follows a closing quote, expected a comma or the end of the line", text_[at_]));
    }
    return value;
  }

  std::string name_;
  std::string text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  std::size_t record_line_ = 1;
};

std::size_t column_of(const CsvText& text, const std::vector<std::string>& header, const std::string& name) {
  const auto found = std::find(header.begin(), header.end(), name);
  if (found == header.end()) throw text.error(fmt::format("no column {} in the header", name));
  return static_cast<std::size_t>(found - header.begin());
}

}  // namespace

ItemTitles read_item_titles(const std::filesystem::path& path) {
  CsvText text(path.string(), read_whole(path));
  const auto header = text.next();
  if (!header) throw text.error("an empty file, expected a header with item and title");
  const std::size_t item = column_of(text, *header, "item");
  const std::size_t title = column_of(text, *header, "title");
  ItemTitles titles;
  while (auto record = text.next()) {
    if (record->size() != header->size()) {
      throw text.error(fmt::format("fields = {}, expected {} as in the header", record->size(), header->size()));
    }
    titles.emplace(std::move((*record)[item]), std::move((*record)[title]));
  }
  return titles;
}

}  // namespace alsace::io
