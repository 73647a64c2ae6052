#include "io/readers/item_info.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "io/readers/fields.hpp"
#include "io/readers/line_reader.hpp"
#include "io/text.hpp"
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
  if (found == header.end()) {
    throw file.error(fmt::format("columns = {}, expected {} among them", all_shown(header), name));
  }
  return static_cast<std::size_t>(found - header.begin());
}

/// The same name, after it was checked that it is no directory.
std::string readable(const std::filesystem::path& path) {
  if (std::filesystem::is_directory(path)) {
    throw input_error(fmt::format("{}: cannot be read: it is a directory", path.string()));
  }
  return path.string();
}

}  // namespace

struct ItemInfoFile::State {
  explicit State(const std::filesystem::path& path) : file(readable(path)) {
    const auto* header = file.next();
    if (header == nullptr) throw file.error("an empty file, expected a header with item and title");
    item = column_of(file, *header, "item");
    title = column_of(file, *header, "title");
    columns = header->size();
    for (std::size_t column = 0; column < columns; ++column) {
      const std::string_view name = (*header)[column];
      const bool is_first = column_of(file, *header, name) == column;
      if (column == item || column == title || name.empty() || !is_first) continue;
      names.emplace_back(name);
      positions.push_back(column);
    }
    line.attributes.resize(names.size());
  }

  CsvFile file;
  std::size_t columns = 0;
  std::size_t item = 0;
  std::size_t title = 0;
  std::vector<std::string> names;      // of the attributes
  std::vector<std::size_t> positions;  // their columns
  ItemInfo line;
};

ItemInfoFile::ItemInfoFile(const std::filesystem::path& path) : state_(std::make_unique<State>(path)) {}

ItemInfoFile::~ItemInfoFile() = default;

const std::vector<std::string>& ItemInfoFile::attributes() const {
  return state_->names;
}

const ItemInfo* ItemInfoFile::next() {
  State& state = *state_;
  const auto* fields = state.file.next();
  if (fields == nullptr) return nullptr;
  if (fields->size() != state.columns) {
    throw state.file.error(fmt::format("fields = {}, expected {} as in the header", fields->size(), state.columns));
  }
  state.line.item = (*fields)[state.item];
  state.line.title = (*fields)[state.title];
  for (std::size_t i = 0; i < state.positions.size(); ++i) state.line.attributes[i] = (*fields)[state.positions[i]];
  return &state.line;
}

std::vector<std::string_view> values_of_attribute(std::string_view field) {
  std::vector<std::string_view> values;
  while (!field.empty()) {
    const std::size_t end = std::min(field.find('|'), field.size());
    if (end > 0) values.push_back(field.substr(0, end));
    field.remove_prefix(std::min(end + 1, field.size()));
  }
  return values;
}

ItemTitles read_item_titles(const std::filesystem::path& path) {
  ItemInfoFile file(path);
  ItemTitles titles;
  while (const ItemInfo* line = file.next()) titles.emplace(line->item, line->title);
  return titles;
}

}  // namespace alsace::io
