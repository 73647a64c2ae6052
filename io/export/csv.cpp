#include "io/export/csv.hpp"

#include <algorithm>

namespace alsace::io {

bool is_special_in_csv(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return c == ',' || c == '"' || c == '\r' || c == '\n'; });
}

void append_csv_field(std::string& line, std::string_view text) {
  if (!is_special_in_csv(text)) {
    line += text;
    return;
  }
  line += '"';
  for (const char c : text) {
    if (c == '"') line += '"';
    line += c;
  }
  line += '"';
}

std::string csv_field(std::string_view text) {
  std::string field;
  append_csv_field(field, text);
  return field;
}

}  // namespace alsace::io
