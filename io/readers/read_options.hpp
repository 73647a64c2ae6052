#pragma once

#include <optional>
#include <string>

namespace alsace::io {

/// How a delimited file is to be read; the same for every input of a run.
struct ReadOptions {
  enum class Header { auto_, yes, no };
  enum class OnBadRow { error, skip };

  std::string separator;             ///< "" to guess from the name and the first line: "," "\t" ";" "::"
  Header header = Header::auto_;     ///< auto: a first line whose value or column names are not numbers
  std::string user_column = "user";  ///< a header's name, or a position counted from 1; common aliases are known
  std::string item_column = "item";
  std::string value_column = "value";  ///< absent: every row counts 1
  std::string timestamp_column = "timestamp";
  OnBadRow on_bad_row = OnBadRow::error;
  std::string reject_file;       ///< where skipped rows go ("" for nowhere); rank r > 0 adds .r
  bool append_rejects = false;   ///< add to the reject file: for what a run reads after its first inputs
  bool serial_parse = false;     ///< rank 0 parses alone: allows quoted newlines
  bool reject_negative = false;  ///< a negative value is a bad row (implicit objectives with raw values)
};

}  // namespace alsace::io
