#include "io/export/list_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/export/csv.hpp"
#include "io/export/number_text.hpp"

namespace alsace::io {
namespace {

/// As a JSON string; bytes that are not UTF-8 (a title may have any) become U+FFFD.
void append_json_text(std::string& line, std::string_view text) {
  const bool plain =
      std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < '\x7f' && c != '"' && c != '\\'; });
  if (plain) {
    line.append("\"").append(text).append("\"");
  } else {
    line += nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }
}

/// ",rank,score" in one piece.
void append_numbers(std::string& text, std::size_t rank, float score) {
  std::array<char, 64> numbers{};
  char* const end = numbers.data() + numbers.size();
  numbers[0] = ',';
  char* at = std::to_chars(numbers.data() + 1, end, rank).ptr;
  *at++ = ',';
  at = std::to_chars(at, end, score).ptr;
  text.append(numbers.data(), at);
}

/// Whether no id needs quotes in CSV: then they are not looked through again line by line.
bool all_plain(const IdList& ids) {
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (is_special_in_csv(ids[i])) return false;
  }
  return true;
}

}  // namespace

ListText::ListText(ResumableFile file, TextFormat format, bool with_titles, const ItemNames& names)
    : file_(std::move(file)),
      format_(format),
      with_titles_(with_titles),
      names_(names),
      plain_items_(format == TextFormat::csv && all_plain(names.ids)),
      done_(file_.done()),
      begun_(done_ > 0) {
  if (format_ == TextFormat::csv && done_ == 0)
    file_.write(with_titles_ ? "user,item,rank,score,title\n" : "user,item,rank,score\n");
}

void ListText::append(const IdList& users, const RankedLists& lists) {
  text_.clear();
  for (std::size_t user = 0; user < lists.size(); ++user) {
    switch (format_) {
      case TextFormat::csv:
        append_csv(users[user], lists[user]);
        break;
      case TextFormat::jsonl:
        append_jsonl(users[user], lists[user]);
        break;
      case TextFormat::table:
        append_table(users[user], lists[user]);
        break;
    }
    ++done_;
  }
  file_.write(text_);
  file_.mark(done_);
}

std::string_view ListText::title_of(std::string_view item) const {
  const auto title = names_.titles.find(std::string(item));
  return title == names_.titles.end() ? std::string_view() : std::string_view(title->second);
}

void ListText::append_csv(std::string_view user, std::span<const ScoredItem> list) {
  user_.clear();
  append_csv_field(user_, user);
  user_ += ',';
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string_view item = names_.ids[list[i].item];
    text_ += user_;
    if (plain_items_) {
      text_ += item;
    } else {
      append_csv_field(text_, item);
    }
    append_numbers(text_, i + 1, list[i].score);
    if (with_titles_) append_csv_field(text_ += ',', title_of(item));
    text_ += '\n';
  }
}

void ListText::append_jsonl(std::string_view user, std::span<const ScoredItem> list) {
  user_.clear();
  append_json_text(user_, user);
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string_view item = names_.ids[list[i].item];
    text_.append("{\"user\": ").append(user_).append(", \"item\": ");
    append_json_text(text_, item);
    append_number(text_ += ", \"rank\": ", i + 1);
    append_number(text_ += ", \"score\": ", list[i].score);
    if (with_titles_) append_json_text(text_ += ", \"title\": ", title_of(item));
    text_ += "}\n";
  }
}

void ListText::append_table(std::string_view user, std::span<const ScoredItem> list) {
  if (list.empty()) return;
  fmt::format_to(std::back_inserter(text_), "{}user {}\n", begun_ ? "\n" : "", user);
  begun_ = true;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string_view item = names_.ids[list[i].item];
    fmt::format_to(std::back_inserter(text_), "{:>6}. {:>9.4f}  {:<12}", i + 1, list[i].score, item);
    if (with_titles_) text_.append("  ").append(title_of(item));
    while (text_.back() == ' ') text_.pop_back();
    text_ += '\n';
  }
}

}  // namespace alsace::io
