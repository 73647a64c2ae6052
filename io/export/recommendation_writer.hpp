#pragma once

#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>

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
/// file appears under its name when it is complete: finish() syncs and renames; without it the destructor removes what
/// was written. "" and
/// "-" are stdout; what is there and not a plain file (a pipe, a device) is written to directly. Throws
/// ErrorKind::storage with the system's reason.
class RecommendationWriter {
 public:
  RecommendationWriter(const std::string& path, RecommendationFormat format, bool with_titles);
  ~RecommendationWriter();
  RecommendationWriter(const RecommendationWriter&) = delete;
  RecommendationWriter& operator=(const RecommendationWriter&) = delete;

  void write(const Recommendation& recommendation);
  void finish();

 private:
  [[noreturn]] void fail(const char* what) const;
  void flush();
  void append_table_line(const Recommendation& line);

  std::string name_;                  // for messages
  std::filesystem::path final_path_;  // empty when written to directly
  std::filesystem::path path_;
  std::FILE* file_ = nullptr;
  RecommendationFormat format_;
  bool with_titles_;
  std::string buffer_;
  std::string table_user_;  // whose lines the table is at
};

/// By the end of the name: .jsonl or .ndjson, else CSV.
RecommendationFormat format_of_name(const std::string& path);

/// The shortest text that reads back as the same float; valid in CSV and JSON.
std::string shortest_text(float value);

/// As a CSV field: quoted where it has to be.
std::string csv_field(std::string_view text);

}  // namespace alsace::io
