#include "io/readers/fields.hpp"

namespace alsace::io {

FieldSplitter::Result FieldSplitter::split(std::string_view row) {
  fields_.clear();
  unquoted_.clear();
  unquoted_.reserve(row.size());  // never grows below: views into it stay valid
  std::size_t at = 0;
  for (;;) {
    if (quotes_ && at < row.size() && row[at] == '"') {
      const std::size_t start = unquoted_.size();
      const std::size_t begin = ++at;
      bool escaped = false;
      for (;;) {
        const std::size_t quote = row.find('"', at);
        if (quote == std::string_view::npos) return Result::open_quote;
        unquoted_.append(row.substr(at, quote - at));
        at = quote + 1;
        if (at >= row.size() || row[at] != '"') break;
        unquoted_ += '"';
        escaped = true;
        ++at;
      }
      fields_.push_back(escaped ? std::string_view(unquoted_).substr(start) : row.substr(begin, at - 1 - begin));
      if (at == row.size()) return Result::done;
      if (!row.substr(at).starts_with(separator_)) return Result::text_after_quote;
    } else {
      const std::size_t end = std::min(row.find(separator_, at), row.size());
      fields_.push_back(row.substr(at, end - at));
      at = end;
      if (at == row.size()) return Result::done;
    }
    at += separator_.size();
  }
}

}  // namespace alsace::io
