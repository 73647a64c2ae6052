#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "io/export/list_sink.hpp"
#include "io/export/resumable_file.hpp"

namespace alsace::io {

enum class TextFormat { csv, jsonl, table };

/// `user,item,rank,score` (and title) as CSV (RFC 4180, LF), as one JSON object a line, or as a table to read.
class ListText : public ListSink {
 public:
  /// `names` must outlive it.
  ListText(ResumableFile file, TextFormat format, bool with_titles, const ItemNames& names);

  [[nodiscard]] std::uint64_t users_done() const override { return done_; }
  void append(const IdList& users, const RankedLists& lists) override;
  void mark() override { file_.mark(done_, true); }
  void finish() override { file_.close(); }

 private:
  void append_csv(std::string_view user, std::span<const ScoredItem> list);
  void append_jsonl(std::string_view user, std::span<const ScoredItem> list);
  void append_table(std::string_view user, std::span<const ScoredItem> list);
  [[nodiscard]] std::string_view title_of(std::string_view item) const;

  ResumableFile file_;
  TextFormat format_;
  bool with_titles_;
  const ItemNames& names_;
  bool plain_items_;  // CSV: no item's id needs quotes
  std::uint64_t done_;
  bool begun_;        // whether the table has a user
  std::string user_;  // as the format writes it
  std::string text_;
};

}  // namespace alsace::io
