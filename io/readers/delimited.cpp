#include <fmt/format.h>

#include "io/readers/fields.hpp"
#include "io/readers/interaction_reader.hpp"
#include "io/readers/plain_rows.hpp"

namespace alsace::io {
namespace {

class DelimitedReader : public InteractionReader {
 public:
  DelimitedReader(const std::string& path, const InputFile& file, const Layout& layout, bool reject_negative,
                  ByteRange range, bool whole)
      : lines_(path, file.compressed, range),
        plain_(layout),
        splitter_(layout.separator.data(), layout.has_quotes()),
        layout_(layout),
        reject_negative_(reject_negative),
        whole_(whole) {}

  bool next(ParsedRow& row) override {
    // A byte order mark is not met here: before the first line nothing is buffered.
    if (const std::size_t bytes = done_ ? 0 : plain_.take(lines_.buffered(), row); bytes > 0) {
      lines_.skip(bytes);
      row.position = lines_.position();
      return true;
    }
    std::string_view line;
    do {
      if (done_) return false;
      if (!lines_.next(line)) return end(row);
      if (lines_.position() == 0) line = without_byte_order_mark(line);
    } while (line.empty());
    row.position = lines_.position();
    row.text = line;
    switch (split(row)) {
      case FieldSplitter::Result::done:
        parse_fields(splitter_.fields(), layout_, reject_negative_, row);
        return true;
      case FieldSplitter::Result::text_after_quote:
        row.fatal = false;
        row.problem = fmt::format("field {} = text after its closing quote, expected a separator there",
                                  splitter_.fields().size());
        return true;
      case FieldSplitter::Result::open_quote:
        return fail(row, whole_ ? "quotes = one that never closes, expected pairs"
                                : "quotes = one that does not close on its line, expected pairs; use --serial-parse "
                                  "for quoted newlines");
    }
    return false;
  }

 private:
  /// Splits the row; where quoted newlines may be read, takes more lines until the quotes close.
  FieldSplitter::Result split(ParsedRow& row) {
    auto result = splitter_.split(row.text);
    if (result != FieldSplitter::Result::open_quote || !whole_) return result;
    record_ = row.text;
    std::string_view line;
    while (result == FieldSplitter::Result::open_quote && record_.size() <= LineReader::longest_line &&
           lines_.next(line)) {
      record_ += '\n';
      record_ += line;
      result = splitter_.split(record_);
    }
    row.text = record_;
    return result;
  }

  bool end(ParsedRow& row) {
    done_ = true;
    if (lines_.problem().empty()) return false;
    row.position = lines_.position();
    row.text = {};
    return fail(row, lines_.problem());
  }

  bool fail(ParsedRow& row, std::string problem) {
    done_ = true;
    row.fatal = true;
    row.problem = std::move(problem);
    return true;
  }

  LineReader lines_;
  PlainRows plain_;
  FieldSplitter splitter_;
  Layout layout_;
  bool reject_negative_;
  bool whole_;
  bool done_ = false;
  std::string record_;  // of several lines
};

}  // namespace

std::unique_ptr<InteractionReader> open_delimited(const std::string& path, const InputFile& file, const Layout& layout,
                                                  const ReadOptions& options, ByteRange range, bool whole) {
  return std::make_unique<DelimitedReader>(path, file, layout, options.reject_negative, range, whole);
}

}  // namespace alsace::io
