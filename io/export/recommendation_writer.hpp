#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "io/export/output_file.hpp"

namespace alsace::io {

enum class RecommendationFormat { csv, jsonl, table };

/// One line of the output.
struct Recommendation {
  std::string_view user;
  std::string_view item;
  std::size_t rank = 1;  ///< from 1
  float score = 0;
  std::string_view title;  ///< "" if unknown
};

/// Writes `user,item,rank,score` (and title) as CSV (RFC 4180, LF), as one JSON object a line, or as a table to read. A
/// file appears under its name in finish(), see OutputFile. "" and "-" are stdout. Throws ErrorKind::storage with the
/// system's reason.
class RecommendationWriter {
 public:
  RecommendationWriter(const std::string& path, RecommendationFormat format, bool with_titles);

  void write(const Recommendation& recommendation);
  void finish();

 private:
  void append_table_line(const Recommendation& line);

  OutputFile file_;
  RecommendationFormat format_;
  bool with_titles_;
  std::string line_;
  std::string table_user_;  // whose lines the table is at
};

/// By the end of the name: .jsonl or .ndjson, else CSV.
RecommendationFormat format_of_name(const std::string& path);

/// The shortest text that reads back as the same float; valid in CSV and JSON.
std::string shortest_text(float value);

}  // namespace alsace::io
