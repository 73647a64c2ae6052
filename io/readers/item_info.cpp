#include "io/readers/item_info.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "io/readers/fields.hpp"
#include "io/readers/line_reader.hpp"
#include "src/error.hpp"

namespace alsace::io {
namespace {

/// Goes through RFC 4180 records, lines that end in CRLF or LF.
class CsvFile {
 public:
  explicit CsvFile(const std::string& name) : name_(name), lines_(name, false, {0, to_the_end}) {}

  /// The fields of the next record that is not an empty line, or nothing at the end; valid until the next call.
  const std::vector<std::string_view>* next() {
    std::string_view line;
    do {
      if (!next_line(line)) return nullptr;
    } while (line.empty());
    record_line_ = line_;
    record_ = line;
    auto result = splitter_.split(record_);
    while (result == FieldSplitter::Result::open_quote && record_.size() <= LineReader::longest_line &&
           next_line(line)) {
      record_ += '\n';
      record_ += line;
      result = splitter_.split(record_);
    }
    if (result == FieldSplitter::Result::open_quote) throw error("a quoted field has no end");
    if (result == FieldSplitter::Result::text_after_quote) {
      throw error("text follows a closing quote, expected a comma or the end of the line");
    }
    return &splitter_.fields();
  }

  [[nodiscard]] Error error(const std::string& what) const {
    return input_error(fmt::format("{}:{}: {}", name_, record_line_, what));
  }

 private:
  bool next_line(std::string_view& line) {
    if (!lines_.next(line)) {
      if (!lines_.problem().empty()) throw input_error(fmt::format("{}:{}: {}", name_, line_ + 1, lines_.problem()));
      return false;
    }
    if (++line_ == 1) line = without_byte_order_mark(line);
    return true;
  }

  std::string name_;
  LineReader lines_;
  FieldSplitter splitter_{",", true};
  std::string record_;
  std::size_t line_ = 0;
  std::size_t record_line_ = 1;
};

std::size_t column_of(const CsvFile& file, const std::vector<std::string_view>& header, std::string_view name) {
  const auto found = std::find(header.begin(), header.end(), name);
  if (found == header.end()) throw file.error(fmt::format("no column {} in the header", name));
  return static_cast<std::size_t>(found - header.begin());
}

}  // namespace

ItemTitles read_item_titles(const std::filesystem::path& path) {
  if (std::filesystem::is_directory(path)) {
    throw input_error(fmt::format("{}: cannot be read: it is a directory", path.string()));
  }
  CsvFile file(path.string());
  const auto* header = file.next();
  if (header == nullptr) throw file.error("an empty file, expected a header with item and title");
  const std::size_t item = column_of(file, *header, "item");
  const std::size_t title = column_of(file, *header, "title");
  const std::size_t columns = header->size();
  ItemTitles titles;
  while (const auto* fields = file.next()) {
    if (fields->size() != columns) {
      throw file.error(fmt::format("fields = {}, expected {} as in the header", fields->size(), columns));
    }
    titles.emplace((*fields)[item], (*fields)[title]);
  }
  return titles;
}

}  // namespace alsace::io
