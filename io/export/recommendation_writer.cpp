#include "io/export/recommendation_writer.hpp"

#include <array>
#include <charconv>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/export/csv.hpp"

namespace alsace::io {
namespace {

/// As a JSON string; bytes that are not UTF-8 (a title may have any) become U+FFFD.
std::string json_text(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

RecommendationFormat format_of_name(const std::string& path) {
  return path.ends_with(".jsonl") || path.ends_with(".ndjson") ? RecommendationFormat::jsonl
                                                               : RecommendationFormat::csv;
}

std::string shortest_text(float value) {
  std::array<char, 32> text{};
  const auto result = std::to_chars(text.data(), text.data() + text.size(), value);
  return {text.data(), result.ptr};
}

RecommendationWriter::RecommendationWriter(const std::string& path, RecommendationFormat format, bool with_titles)
    : file_(path.empty() || path == "-" ? OutputFile::standard_output() : OutputFile(path)),
      format_(format),
      with_titles_(with_titles) {
  if (format_ == RecommendationFormat::csv)
    file_.write(with_titles_ ? "user,item,rank,score,title\n" : "user,item,rank,score\n");
}

void RecommendationWriter::write(const Recommendation& line) {
  line_.clear();
  const std::string score = shortest_text(line.score);
  if (format_ == RecommendationFormat::csv) {
    line_ += fmt::format("{},{},{},{}", csv_field(line.user), csv_field(line.item), line.rank, score);
    if (with_titles_) line_.append(",").append(csv_field(line.title));
    line_ += '\n';
  } else if (format_ == RecommendationFormat::table) {
    append_table_line(line);
  } else {
    line_ += fmt::format("{{\"user\": {}, \"item\": {}, \"rank\": {}, \"score\": {}", json_text(line.user),
                         json_text(line.item), line.rank, score);
    if (with_titles_) line_.append(", \"title\": ").append(json_text(line.title));
    line_ += "}\n";
  }
  file_.write(line_);
}

void RecommendationWriter::append_table_line(const Recommendation& line) {
  if (line.rank == 1 || line.user != table_user_) {
    line_ += fmt::format("{}user {}\n", table_user_.empty() ? "" : "\n", line.user);
    table_user_ = line.user;
  }
  line_ += fmt::format("{:>6}. {:>9.4f}  {:<12}", line.rank, line.score, line.item);
  if (with_titles_) line_.append("  ").append(line.title);
  while (line_.back() == ' ') line_.pop_back();
  line_ += '\n';
}

void RecommendationWriter::finish() {
  file_.close();
}

}  // namespace alsace::io
