#include "io/export/list_journal.hpp"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "src/error.hpp"

namespace alsace::io {

namespace fs = std::filesystem;

std::uint64_t JournalHead::begin(JournalPart part) const {
  std::uint64_t at = sizeof(JournalHead);
  for (const JournalPart before : {JournalPart::ids, JournalPart::lengths, JournalPart::items}) {
    if (before < part) at += rows(before) * width(before);
  }
  return at;
}

void make_journal_batch(const IdList& users, const RankedLists& lists, std::string& batch) {
  const JournalHead head{lists.size(), lists.items.size(), users.longest()};
  batch.assign(static_cast<std::size_t>(head.end()), '\0');
  std::memcpy(batch.data(), &head, sizeof(head));
  const auto part_begin = [&](JournalPart part) { return batch.data() + head.begin(part); };

  char* id = part_begin(JournalPart::ids);
  char* length = part_begin(JournalPart::lengths);
  for (std::size_t user = 0; user < lists.size(); ++user) {
    std::copy(users[user].begin(), users[user].end(), id);
    id += head.id_width;
    const auto entries = static_cast<std::uint32_t>(lists[user].size());
    std::memcpy(length, &entries, sizeof(entries));
    length += sizeof(entries);
  }
  char* item = part_begin(JournalPart::items);
  char* score = part_begin(JournalPart::scores);
  for (const ScoredItem& entry : lists.items) {
    std::memcpy(item, &entry.item, sizeof(entry.item));
    std::memcpy(score, &entry.score, sizeof(entry.score));
    item += sizeof(entry.item);
    score += sizeof(entry.score);
  }
}

JournalCursor::JournalCursor(const fs::path& journal) : name_(journal.string()), file_(journal, std::ios::binary) {
  std::error_code error;
  bytes_ = fs::file_size(journal, error);
  if (!file_ || error) throw storage_error(fmt::format("{}: cannot be read back", name_));
}

bool JournalCursor::next() {
  if (end_ == bytes_) return false;
  begin_ = end_;
  file_.seekg(static_cast<std::streamoff>(begin_));
  read(reinterpret_cast<char*>(&head_), sizeof(head_));
  end_ = begin_ + head_.end();
  if (end_ <= begin_ || end_ > bytes_) throw storage_error(fmt::format("{}: breaks off within a list", name_));
  return true;
}

void JournalCursor::go_to(JournalPart part) {
  file_.seekg(static_cast<std::streamoff>(begin_ + head_.begin(part)));
}

void JournalCursor::read(char* to, std::uint64_t bytes) {
  if (!file_.read(to, static_cast<std::streamsize>(bytes)))
    throw storage_error(fmt::format("{}: breaks off within a list", name_));
}

void JournalPartReader::read(std::uint64_t rows, std::size_t width, char* to) {
  while (rows > 0) {
    if (left_ == 0) {
      ALSACE_CHECK(cursor_.next(), fmt::format("{} rows more than the journal has", rows));
      cursor_.go_to(part_);
      left_ = cursor_.head().rows(part_);
      continue;
    }
    // Rows that lie as they should in one piece, others one by one.
    const std::uint64_t stored = cursor_.head().width(part_);
    const std::uint64_t together = stored == width ? std::min(rows, left_) : 1;
    cursor_.read(to, together * stored);
    to += together * width;
    rows -= together;
    left_ -= together;
  }
}

JournalTotals totals_of(const fs::path& journal, std::uint64_t users) {
  JournalTotals totals;
  std::uint64_t found = 0;
  for (JournalCursor cursor(journal); cursor.next();) {
    found += cursor.head().users;
    totals.entries += cursor.head().entries;
    totals.longest_id = std::max(totals.longest_id, cursor.head().id_width);
  }
  if (found == users) return totals;
  throw storage_error(fmt::format("{}: lists = {}, expected {}", journal.string(), found, users));
}

}  // namespace alsace::io
