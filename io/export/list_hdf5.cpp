#include "io/export/list_hdf5.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "io/export/list_journal.hpp"
#include "io/store/shard_writer.hpp"

namespace alsace::io {
namespace {

namespace fs = std::filesystem;

/// A column as a part of the journal has it; its rows are asked for once, in ascending order.
Column part_column(std::string path, hdf5::ElementType type, std::uint64_t rows, const fs::path& journal,
                   JournalPart part) {
  const auto reader = std::make_shared<JournalPartReader>(journal, part);
  return {std::move(path), type, {rows, 0}, [reader, width = type.bytes](RowRange range, std::vector<char>& scratch) {
            scratch.assign(static_cast<std::size_t>(range.size()) * width, '\0');
            reader->read(range.size(), width, scratch.data());
            return static_cast<const void*>(scratch.data());
          }};
}

/// Where each list begins, and where the last one ends.
Column begin_column(std::uint64_t users, const fs::path& journal) {
  const auto lengths = std::make_shared<JournalPartReader>(journal, JournalPart::lengths);
  const auto begin = std::make_shared<std::uint64_t>(0);
  return {"/lists/indptr", hdf5::uint64, {users + 1, 0}, [=](RowRange range, std::vector<char>& scratch) {
            scratch.resize(static_cast<std::size_t>(range.size()) * sizeof(std::uint64_t));
            char* to = scratch.data();
            for (std::uint64_t row = range.begin; row < range.end; ++row, to += sizeof(std::uint64_t)) {
              std::memcpy(to, begin.get(), sizeof(std::uint64_t));
              std::uint32_t length = 0;
              if (row < users) lengths->read(1, sizeof(length), reinterpret_cast<char*>(&length));
              *begin += length;
            }
            return static_cast<const void*>(scratch.data());
          }};
}

void write_lists(const fs::path& file, const fs::path& journal, std::uint64_t users, const IdList& items) {
  const JournalTotals totals = totals_of(journal, users);
  const auto text = hdf5::ElementType::text(totals.longest_id);
  ShardFileWriter writer(file);
  writer.write(part_column("/users/ids", text, users, journal, JournalPart::ids));
  writer.write(id_column("/items/ids", items, hdf5::ElementType::text(items.longest()).bytes));
  writer.write(begin_column(users, journal));
  writer.write(part_column("/lists/items", hdf5::uint32, totals.entries, journal, JournalPart::items));
  writer.write(part_column("/lists/scores", hdf5::fp32, totals.entries, journal, JournalPart::scores));
  writer.finish("");
}

/// A journal of records that are laid out in another way is not gone on with.
ResumeOptions with_layout(ResumeOptions options) {
  options.identity["layout of the lists so far"] = journal_layout;
  return options;
}

}  // namespace

ListHdf5::ListHdf5(const std::string& path, ResumeOptions options, const ItemNames& names)
    : path_(path), names_(names), journal_(path + ".lists", with_layout(std::move(options))), done_(journal_.done()) {}

void ListHdf5::append(const IdList& users, const RankedLists& lists) {
  make_journal_batch(users, lists, batch_);
  done_ += lists.size();
  journal_.write(batch_);
  journal_.mark(done_);
}

void ListHdf5::finish() {
  mark();
  const fs::path target = replaced_by(path_);
  const fs::path temporary = temporary_of(target);
  std::error_code ignored;
  fs::remove(temporary, ignored);
  try {
    write_lists(temporary, journal_.complete(), done_, names_.ids);
  } catch (...) {
    fs::remove(temporary, ignored);
    throw;
  }
  publish_temporary(target);
  journal_.discard();
}

}  // namespace alsace::io
