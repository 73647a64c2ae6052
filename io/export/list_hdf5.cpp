#include "io/export/list_hdf5.hpp"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <memory>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "io/store/shard_writer.hpp"
#include "src/error.hpp"

namespace alsace::io {
namespace {

namespace fs = std::filesystem;

/// What stands before the id and the entries of a user in the journal.
struct RecordHead {
  std::uint32_t id_bytes = 0;
  std::uint32_t entries = 0;
};

void append_bytes(std::string& to, const void* from, std::size_t bytes) {
  to.append(static_cast<const char*>(from), bytes);
}

/// Goes through a journal once, a user at a time.
class JournalCursor {
 public:
  explicit JournalCursor(const fs::path& journal) : name_(journal.string()), file_(journal, std::ios::binary) {
    if (!file_) throw storage_error(fmt::format("{}: cannot be read back", name_));
  }

  /// False behind the last user.
  bool next() {
    RecordHead head;
    if (!file_.read(reinterpret_cast<char*>(&head), sizeof(head))) return false;
    id_.resize(head.id_bytes);
    list_.resize(head.entries);
    file_.read(id_.data(), static_cast<std::streamsize>(id_.size()));
    file_.read(reinterpret_cast<char*>(list_.data()), static_cast<std::streamsize>(list_.size() * sizeof(ScoredItem)));
    if (!file_) throw storage_error(fmt::format("{}: breaks off within a list", name_));
    return true;
  }
  [[nodiscard]] const std::string& id() const { return id_; }
  [[nodiscard]] const std::vector<ScoredItem>& list() const { return list_; }

 private:
  std::string name_;
  std::ifstream file_;
  std::string id_;
  std::vector<ScoredItem> list_;
};

struct Totals {
  std::uint64_t users = 0;
  std::uint64_t entries = 0;
  std::uint64_t longest_id = 0;
};

Totals totals_of(const fs::path& journal) {
  Totals totals;
  for (JournalCursor cursor(journal); cursor.next();) {
    ++totals.users;
    totals.entries += cursor.list().size();
    totals.longest_id = std::max<std::uint64_t>(totals.longest_id, cursor.id().size());
  }
  return totals;
}

/// Columns are asked for their rows once, in ascending order, so each goes through the journal with its own cursor.
Column user_id_column(const fs::path& journal, const Totals& totals) {
  const hdf5::ElementType type = hdf5::ElementType::text(totals.longest_id);
  const auto cursor = std::make_shared<JournalCursor>(journal);
  return {
      "/users/ids", type, {totals.users, 0}, [cursor, width = type.bytes](RowRange rows, std::vector<char>& scratch) {
        scratch.assign(static_cast<std::size_t>(rows.size()) * width, '\0');
        for (std::size_t row = 0; row < rows.size() && cursor->next(); ++row)
          std::copy(cursor->id().begin(), cursor->id().end(), scratch.data() + row * width);
        return static_cast<const void*>(scratch.data());
      }};
}

Column offset_column_of(const fs::path& journal, const Totals& totals) {
  const auto cursor = std::make_shared<JournalCursor>(journal);
  const auto end = std::make_shared<std::uint64_t>(0);
  return {
      "/lists/indptr", hdf5::uint64, {totals.users + 1, 0}, [cursor, end](RowRange rows, std::vector<char>& scratch) {
        scratch.resize(static_cast<std::size_t>(rows.size()) * sizeof(std::uint64_t));
        for (std::size_t row = 0; row < rows.size(); ++row) {
          std::memcpy(scratch.data() + row * sizeof(std::uint64_t), end.get(), sizeof(std::uint64_t));
          if (cursor->next()) *end += cursor->list().size();
        }
        return static_cast<const void*>(scratch.data());
      }};
}

/// One number of each entry of all lists: its item or its score.
template <class Number>
Column entry_column(std::string path, hdf5::ElementType type, const fs::path& journal, const Totals& totals,
                    Number ScoredItem::*member) {
  struct Position {
    JournalCursor cursor;
    std::size_t entry = 0;
  };
  const auto at = std::make_shared<Position>(Position{JournalCursor(journal)});
  return {std::move(path), type, {totals.entries, 0}, [at, member](RowRange rows, std::vector<char>& scratch) {
            scratch.resize(static_cast<std::size_t>(rows.size()) * sizeof(Number));
            for (std::size_t row = 0; row < rows.size(); ++row) {
              while (at->entry == at->cursor.list().size() && at->cursor.next()) at->entry = 0;
              std::memcpy(scratch.data() + row * sizeof(Number), &(at->cursor.list()[at->entry++].*member),
                          sizeof(Number));
            }
            return static_cast<const void*>(scratch.data());
          }};
}

void write_lists(const fs::path& file, const fs::path& journal, const IdList& items) {
  const Totals totals = totals_of(journal);
  ShardFileWriter writer(file);
  writer.write(user_id_column(journal, totals));
  writer.write(id_column("/items/ids", items, hdf5::ElementType::text(items.longest()).bytes));
  writer.write(offset_column_of(journal, totals));
  writer.write(entry_column("/lists/items", hdf5::uint32, journal, totals, &ScoredItem::item));
  writer.write(entry_column("/lists/scores", hdf5::fp32, journal, totals, &ScoredItem::score));
  writer.finish("");
}

}  // namespace

ListHdf5::ListHdf5(const std::string& path, ResumeOptions options, const ItemNames& names)
    : path_(path), names_(names), journal_(path + ".lists", std::move(options)), done_(journal_.done()) {}

void ListHdf5::append(const IdList& users, const RankedLists& lists) {
  records_.clear();
  for (std::size_t user = 0; user < lists.size(); ++user) {
    const std::string_view id = users[user];
    const auto list = lists[user];
    const RecordHead head{static_cast<std::uint32_t>(id.size()), static_cast<std::uint32_t>(list.size())};
    append_bytes(records_, &head, sizeof(head));
    records_ += id;
    append_bytes(records_, list.data(), list.size_bytes());
  }
  done_ += lists.size();
  journal_.write(records_);
  journal_.mark(done_);
}

void ListHdf5::finish() {
  mark();
  const fs::path target = replaced_by(path_);
  const fs::path temporary = temporary_of(target);
  std::error_code ignored;
  fs::remove(temporary, ignored);
  try {
    write_lists(temporary, journal_.complete(), names_.ids);
  } catch (...) {
    fs::remove(temporary, ignored);
    throw;
  }
  publish_temporary(target);
  journal_.discard();
}

}  // namespace alsace::io
