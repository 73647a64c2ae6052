#include "io/readers/layout.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "io/readers/fields.hpp"
#include "io/readers/line_reader.hpp"
#include "io/readers/row_parser.hpp"
#include "io/text.hpp"
#include "src/data/id_order.hpp"
#include "src/error.hpp"

namespace alsace::io {
namespace {

/// One of the four columns: its option, what else a header may call it, where it is without a header.
struct Column {
  const char* option;
  const char* default_name;
  std::vector<std::string> aliases;  // lower case
  std::int32_t default_position;     // from 0
  bool required;
};

const std::array<Column, 4>& columns() {
  static const std::array<Column, 4> all{
      Column{"--user-column", "user", {"user", "user_id", "userid", "uid", "u"}, 0, true},
      Column{"--item-column",
             "item",
             {"item", "item_id", "itemid", "iid", "i", "movie_id", "movieid", "movie", "track_id", "product_id",
              "book_id", "artist_id"},
             1,
             true},
      Column{"--value-column",
             "value",
             {"value", "rating", "score", "count", "weight", "plays", "strength", "confidence"},
             2,
             false},
      Column{"--timestamp-column", "timestamp", {"timestamp", "ts", "time", "unixtime", "date"}, 3, false}};
  return all;
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

std::optional<std::int32_t> find_name(const std::vector<std::string>& names, const std::string& wanted) {
  const auto found = std::find(names.begin(), names.end(), wanted);
  if (found == names.end()) return std::nullopt;
  return static_cast<std::int32_t>(found - names.begin());
}

std::optional<std::int32_t> find_alias(const std::vector<std::string>& names, const Column& column) {
  for (const std::string& alias : column.aliases) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (lower(names[i]) == alias) return static_cast<std::int32_t>(i);
    }
  }
  return std::nullopt;
}

/// A position that an option gives, counted from 0.
std::optional<std::int32_t> as_position(const std::string& path, const Column& column, const std::string& given,
                                        std::size_t fields) {
  if (!is_digits(given)) return std::nullopt;
  std::int32_t position = 0;
  const auto [end, error] = std::from_chars(given.data(), given.data() + given.size(), position);
  if (error != std::errc() || end != given.data() + given.size() || position < 1 ||
      position > static_cast<std::int32_t>(fields)) {
    throw input_error(fmt::format("{}: {} = {}, expected 1 to {}, the columns of its first line", path, column.option,
                                  given, fields));
  }
  return position - 1;
}

std::string guess_separator(const std::string& path, std::string_view line) {
  const auto count = [line](char c) { return std::count(line.begin(), line.end(), c); };
  if (path.ends_with(".tsv") || path.ends_with(".tsv.gz") || count('\t') > 0) return "\t";
  if (line.find("::") != std::string_view::npos && count(',') == 0) return "::";
  return count(';') > count(',') ? ";" : ",";
}

std::string separator_of(const std::string& path, std::string_view line, const std::string& given) {
  if (given.empty()) return guess_separator(path, line);
  if (given == "tab" || given == "\\t") return "\t";
  if (given.size() > 7 || given.find_first_of("\"\r\n") != std::string::npos) {
    throw usage_error(
        fmt::format("--separator = {}, expected 1 to 7 characters, no quote or newline, or tab", shown(given)));
  }
  return given;
}

const std::string& given_name(const ReadOptions& options, std::size_t column) {
  const std::array<const std::string*, 4> all{&options.user_column, &options.item_column, &options.value_column,
                                              &options.timestamp_column};
  return *all[column];
}

bool is_number(std::string_view text) {
  return parse_number(text).has_value();
}

/// Is the first line a header? Its user and item columns are known by name, or where a value would be is no number.
bool looks_like_header(const std::vector<std::string>& names, const ReadOptions& options) {
  std::array<bool, 4> known{};
  for (std::size_t c = 0; c < 4; ++c) {
    const std::string& given = given_name(options, c);
    known[c] = given == columns()[c].default_name ? find_alias(names, columns()[c]).has_value()
                                                  : !is_digits(given) && find_name(names, given).has_value();
  }
  if (known[0] && known[1]) return true;
  const std::string& value = options.value_column;
  std::size_t at = 2;
  if (is_digits(value) && value.size() < 6) at = static_cast<std::size_t>(std::stoi(value)) - 1;
  if (at < names.size() && value != "none") return !is_number(names[at]);
  return std::any_of(names.begin(), names.end(), [](const std::string& name) { return !is_number(name); });
}

std::int32_t column_in_header(const std::string& path, const std::vector<std::string>& names, const Column& column,
                              const std::string& given) {
  if (const auto exact = find_name(names, given)) return *exact;
  if (const auto position = as_position(path, column, given, names.size())) return *position;
  const bool is_default = given == column.default_name;
  if (is_default) {
    if (const auto alias = find_alias(names, column)) return *alias;
    if (!column.required) return Layout::none;
  }
  throw input_error(fmt::format(
      "{}:1: {} = {}, expected one of the columns there are: {} (a file without a header needs --header no)", path,
      column.option, shown(given), all_shown(names)));
}

std::int32_t column_without_header(const std::string& path, std::size_t fields, const Column& column,
                                   const std::string& given) {
  if (const auto position = as_position(path, column, given, fields)) return *position;
  if (given != column.default_name) {
    throw input_error(fmt::format("{}: {} = {}, expected a position (1 to {}), because the file has no header", path,
                                  column.option, given, fields));
  }
  if (column.default_position < static_cast<std::int32_t>(fields)) return column.default_position;
  return Layout::none;
}

/// The first line with text.
struct FirstLine {
  std::string text;
  std::uint64_t end = 0;  // where the next line starts
  bool alone = false;     // no text follows
};

FirstLine read_first_line(const std::string& path, const InputFile& file) {
  LineReader lines(path, file.compressed, {0, to_the_end});
  FirstLine first;
  std::string_view line;
  while (lines.next(line)) {
    if (lines.position() == 0) line = without_byte_order_mark(line);
    if (line.empty()) continue;
    first.text = line;
    bool more = lines.next(line);
    first.end = lines.position();
    while (more && line.empty()) more = lines.next(line);
    first.alone = !more && lines.problem().empty();
    return first;
  }
  if (!lines.problem().empty()) throw input_error(fmt::format("{}:1: {}", path, lines.problem()));
  throw input_error(fmt::format("{}: has empty lines only, expected rows of interactions", path));
}

}  // namespace

std::int32_t Layout::fields_needed() const {
  return std::max({user, item, value, timestamp}) + 1;
}

Layout detect_layout(const std::string& path, const InputFile& file, const ReadOptions& options) {
  const FirstLine first = read_first_line(path, file);
  const std::string separator = separator_of(path, first.text, options.separator);
  Layout layout;
  std::copy(separator.begin(), separator.end(), layout.separator.begin());

  FieldSplitter splitter(separator, layout.has_quotes());
  splitter.split(first.text);
  std::vector<std::string> names;
  for (const std::string_view field : splitter.fields()) names.emplace_back(trimmed(field));
  if (names.size() < 2) {
    throw input_error(fmt::format("{}:1: fields = {}, expected at least a user and an item separated by {}", path,
                                  names.size(), separator == "\t" ? "a tab" : separator));
  }
  const bool header = options.header == ReadOptions::Header::yes ||
                      (options.header == ReadOptions::Header::auto_ && looks_like_header(names, options));

  std::array<std::int32_t, 4> at{};
  for (std::size_t c = 0; c < 4; ++c) {
    const Column& column = columns()[c];
    const std::string& given = given_name(options, c);
    if (!column.required && given == "none") {
      at[c] = Layout::none;
    } else {
      at[c] = header ? column_in_header(path, names, column, given)
                     : column_without_header(path, names.size(), column, given);
    }
    for (std::size_t before = 0; before < c; ++before) {
      if (at[c] != at[before] || at[c] == Layout::none) continue;
      if (!column.required && given == column.default_name) {
        at[c] = Layout::none;  // its usual place is taken by a column that was asked for
      } else {
        throw input_error(fmt::format("{}: {} = {}, expected another column than {}", path, column.option, given,
                                      columns()[before].option));
      }
    }
  }
  layout.user = at[0];
  layout.item = at[1];
  layout.value = at[2];
  layout.timestamp = at[3];
  layout.data_begin = header ? first.end : 0;
  if (header && first.alone) throw input_error(fmt::format("{}: has a header only, expected rows below it", path));
  return layout;
}

}  // namespace alsace::io
