#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace alsace::io {

/// The fields of one row of delimited text.
class FieldSplitter {
 public:
  /// `quotes`: fields may be quoted as RFC 4180 has it ("" inside for one quote). Otherwise quotes are text.
  FieldSplitter(std::string separator, bool quotes) : separator_(std::move(separator)), quotes_(quotes) {}

  enum class Result {
    done,
    open_quote,       ///< a quoted field does not end in this text: a quoted newline, or a quote too many
    text_after_quote  ///< something stands between a closing quote and the next separator
  };

  /// Splits a row; fields() then has views into `row` and into this splitter, valid until the next call.
  Result split(std::string_view row);

  [[nodiscard]] const std::vector<std::string_view>& fields() const { return fields_; }

 private:
  std::string separator_;
  bool quotes_;
  std::vector<std::string_view> fields_;
  std::string unquoted_;  // text of fields in which "" stands for a quote
};

}  // namespace alsace::io
