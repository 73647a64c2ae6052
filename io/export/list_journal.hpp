#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include "src/data/id_list.hpp"
#include "src/ranking/top_k.hpp"

/// Lists of users as they are kept until all are there: batch behind batch, each of them in columns, so that a column
/// of all is made by reading its part of each batch and nothing else. Numbers are the machine's own.
namespace alsace::io {

/// Of the lists of a batch, in this order behind its head.
enum class JournalPart {
  ids,      ///< of its users, null-padded to the longest of the batch
  lengths,  ///< uint32, of each user's list
  items,    ///< uint32, of all lists
  scores,   ///< fp32, of all lists
};

/// Told apart from what earlier versions wrote.
inline constexpr const char* journal_layout = "batches of columns";

/// What stands before a batch.
struct JournalHead {
  std::uint64_t users = 0;
  std::uint64_t entries = 0;
  std::uint64_t id_width = 0;

  [[nodiscard]] std::uint64_t rows(JournalPart part) const { return part <= JournalPart::lengths ? users : entries; }
  /// Bytes of a row.
  [[nodiscard]] std::uint64_t width(JournalPart part) const { return part == JournalPart::ids ? id_width : 4; }
  /// Behind the beginning of the head.
  [[nodiscard]] std::uint64_t begin(JournalPart part) const;
  [[nodiscard]] std::uint64_t end() const { return begin(JournalPart::scores) + 4 * entries; }
};

/// Makes the bytes of a batch, in the place of what `batch` holds.
void make_journal_batch(const IdList& users, const RankedLists& lists, std::string& batch);

/// Goes from batch to batch. Throws ErrorKind::storage.
class JournalCursor {
 public:
  explicit JournalCursor(const std::filesystem::path& journal);

  /// False behind the last batch.
  bool next();
  [[nodiscard]] const JournalHead& head() const { return head_; }

  /// read() goes on there.
  void go_to(JournalPart part);
  void read(char* to, std::uint64_t bytes);

 private:
  std::string name_;
  std::ifstream file_;
  std::uint64_t bytes_;
  std::uint64_t begin_ = 0;  // of the batch
  std::uint64_t end_ = 0;
  JournalHead head_;
};

/// Reads a part of all batches from its beginning to its end; buffers a few KiB.
class JournalPartReader {
 public:
  JournalPartReader(const std::filesystem::path& journal, JournalPart part) : cursor_(journal), part_(part) {}

  /// Puts the next `rows` rows, as wide or less, `width` bytes apart from `to` on. There must be so many.
  void read(std::uint64_t rows, std::size_t width, char* to);

 private:
  JournalCursor cursor_;
  JournalPart part_;
  std::uint64_t left_ = 0;  // rows of the batch
};

struct JournalTotals {
  std::uint64_t entries = 0;
  std::uint64_t longest_id = 0;
};

/// Throws ErrorKind::storage when the lists are not those of so many users. Reads the heads alone.
JournalTotals totals_of(const std::filesystem::path& journal, std::uint64_t users);

}  // namespace alsace::io
