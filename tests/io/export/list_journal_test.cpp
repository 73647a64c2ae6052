#include "io/export/list_journal.hpp"

#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "src/error.hpp"
#include "tests/io/store/store_fixtures.hpp"

namespace alsace::io::testing {
namespace {

/// Three batches of five users: ids of 1 to 3 bytes, lists of 0 to 3 entries.
class ListJournalTest : public ::testing::Test {
 protected:
  ListJournalTest() {
    add({"a", "b"}, {{{0.5F, 7}, {0.25F, 8}}, {}});
    add({"ccc"}, {{}});
    add({"d", "ee"}, {{{-1.0F, 1}}, {{3.0F, 2}, {2.0F, 9}, {1.0F, 4}}});
  }

  void add(const std::vector<std::string>& users, const std::vector<std::vector<ScoredItem>>& lists) {
    IdList ids;
    for (const std::string& user : users) ids.push_back(user);
    RankedLists ranked;
    for (const auto& list : lists) ranked.push_back(list);
    std::string batch;
    make_journal_batch(ids, ranked, batch);
    write_bytes(path_, (fs::exists(path_) ? read_bytes(path_) : "") + batch);
  }

  /// All rows of a part, asked for `step` at a time.
  template <class Number>
  [[nodiscard]] std::vector<Number> numbers(JournalPart part, std::size_t rows, std::size_t step) const {
    JournalPartReader reader(path_, part);
    std::vector<Number> values(rows);
    for (std::size_t row = 0; row < rows; row += step) {
      reader.read(std::min(step, rows - row), sizeof(Number), reinterpret_cast<char*>(values.data() + row));
    }
    return values;
  }

  test::ScratchFolder directory_;
  fs::path path_ = directory_.path() / "journal";
};

TEST_F(ListJournalTest, a_part_of_all_batches_reads_as_one_column) {
  for (const std::size_t step : {1U, 2U, 4U, 6U}) {
    EXPECT_EQ(numbers<std::uint32_t>(JournalPart::lengths, 5, step), (std::vector<std::uint32_t>{2, 0, 0, 1, 3}));
    EXPECT_EQ(numbers<std::uint32_t>(JournalPart::items, 6, step), (std::vector<std::uint32_t>{7, 8, 1, 2, 9, 4}));
    EXPECT_EQ(numbers<float>(JournalPart::scores, 6, step), (std::vector<float>{0.5F, 0.25F, -1, 3, 2, 1}));
  }
}

TEST_F(ListJournalTest, ids_of_batches_with_shorter_ones_are_put_apart) {
  JournalPartReader reader(path_, JournalPart::ids);
  std::string ids(5 * 3, '.');

  reader.read(3, 3, ids.data());
  reader.read(2, 3, ids.data() + 9);

  EXPECT_EQ(ids, (std::string("a..b..cccd\0.ee.", 15)));
}

TEST_F(ListJournalTest, totals_are_those_of_all_batches) {
  const JournalTotals totals = totals_of(path_, 5);

  EXPECT_EQ(totals.entries, 6U);
  EXPECT_EQ(totals.longest_id, 3U);
}

TEST_F(ListJournalTest, lists_of_other_users_than_expected_are_a_storage_error) {
  try {
    (void)totals_of(path_, 4);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::storage);
    EXPECT_EQ(error.what(), path_.string() + ": lists = 5, expected 4");
  }
}

TEST_F(ListJournalTest, a_journal_that_breaks_off_is_a_storage_error) {
  const std::string whole = read_bytes(path_);
  for (const std::size_t bytes : {whole.size() - 1, std::size_t{10}}) {
    write_bytes(path_, whole.substr(0, bytes));
    EXPECT_THROW((void)totals_of(path_, 5), Error) << bytes;
  }
}

TEST_F(ListJournalTest, a_head_of_more_bytes_than_the_file_is_a_storage_error) {
  std::string bytes = read_bytes(path_);
  const JournalHead too_long{2, 1000, 1};
  std::memcpy(bytes.data(), &too_long, sizeof(too_long));
  write_bytes(path_, bytes);

  EXPECT_THROW((void)totals_of(path_, 5), Error);
}

TEST_F(ListJournalTest, nobody_reads_behind_the_last_row) {
  JournalPartReader reader(path_, JournalPart::lengths);
  std::vector<std::uint32_t> lengths(6);

  EXPECT_THROW(reader.read(6, 4, reinterpret_cast<char*>(lengths.data())), Error);
}

}  // namespace
}  // namespace alsace::io::testing
