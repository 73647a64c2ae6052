#include "io/export/recommendation_writer.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "src/error.hpp"

namespace alsace::io {
namespace {

constexpr std::size_t buffer_bytes = 1 << 20;

/// As a JSON string; bytes that are not UTF-8 (a title may have any) become U+FFFD.
std::string json_text(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

bool is_stdout(const std::string& path) {
  return path.empty() || path == "-";
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

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  quoted += '"';
  return quoted;
}

RecommendationWriter::RecommendationWriter(const std::string& path, RecommendationFormat format, bool with_titles)
    : name_(is_stdout(path) ? "stdout" : path), format_(format), with_titles_(with_titles) {
  if (is_stdout(path)) {
    file_ = stdout;
  } else {
    std::error_code ignored;
    path_ = path;
    if (!std::filesystem::exists(path_, ignored) || std::filesystem::is_regular_file(path_, ignored)) {
      final_path_ = std::filesystem::is_symlink(path_, ignored) ? std::filesystem::canonical(path_, ignored) : path_;
      path_ = final_path_.string() + ".tmp";
    }
    file_ = std::fopen(path_.c_str(), "wb");
    if (file_ == nullptr) fail("cannot be written");
  }
  if (format_ == RecommendationFormat::csv)
    buffer_ = with_titles_ ? "user,item,rank,score,title\n" : "user,item,rank,score\n";
}

RecommendationWriter::~RecommendationWriter() {
  if (file_ == nullptr || file_ == stdout) return;
  std::fclose(file_);
  std::error_code ignored;
  if (!final_path_.empty()) std::filesystem::remove(path_, ignored);
}

void RecommendationWriter::fail(const char* what) const {
  throw storage_error(fmt::format("{}: {}: {}", name_, what, std::strerror(errno)));
}

void RecommendationWriter::write(const Recommendation& line) {
  const std::string score = shortest_text(line.score);
  if (format_ == RecommendationFormat::csv) {
    buffer_ += fmt::format("{},{},{},{}", csv_field(line.user), csv_field(line.item), line.rank, score);
    if (with_titles_) buffer_.append(",").append(csv_field(line.title));
    buffer_ += '\n';
  } else if (format_ == RecommendationFormat::table) {
    append_table_line(line);
  } else {
    buffer_ += fmt::format("{{\"user\": {}, \"item\": {}, \"rank\": {}, \"score\": {}", json_text(line.user),
                           json_text(line.item), line.rank, score);
    if (with_titles_) buffer_.append(", \"title\": ").append(json_text(line.title));
    buffer_ += "}\n";
  }
  if (buffer_.size() >= buffer_bytes) flush();
}

void RecommendationWriter::append_table_line(const Recommendation& line) {
  if (line.rank == 1 || line.user != table_user_) {
    buffer_ += fmt::format("{}user {}\n", table_user_.empty() ? "" : "\n", line.user);
    table_user_ = line.user;
  }
  buffer_ += fmt::format("{:>6}. {:>9.4f}  {:<12}", line.rank, line.score, line.item);
  if (with_titles_) buffer_.append("  ").append(line.title);
  while (buffer_.back() == ' ') buffer_.pop_back();
  buffer_ += '\n';
}

void RecommendationWriter::flush() {
  errno = 0;
  if (std::fwrite(buffer_.data(), 1, buffer_.size(), file_) != buffer_.size()) fail("cannot be written");
  buffer_.clear();
}

void RecommendationWriter::finish() {
  flush();
  if (std::fflush(file_) != 0) fail("cannot be written");
  if (file_ == stdout) return;
  if (!final_path_.empty() && ::fsync(::fileno(file_)) != 0) fail("cannot be written");
  std::FILE* file = std::exchange(file_, nullptr);
  const bool closed = std::fclose(file) == 0;
  if (final_path_.empty()) {
    if (!closed) fail("cannot be written");
    return;
  }
  if (!closed || std::rename(path_.c_str(), final_path_.c_str()) != 0) {
    const int reason = errno;
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
    errno = reason;
    fail("cannot be written");
  }
}

}  // namespace alsace::io
