#include "src/data/clean.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <utility>

#include <gtest/gtest.h>

namespace alsace {
namespace {

using Rows = std::vector<Interaction>;

TEST(MergeDuplicatesTest, sums_in_ascending_value_order_in_double) {
  // In float, or in another order in float, the small values would be lost beside 2^24.
  Rows rows{{0, 0, 16777216.0F, 5}, {0, 0, 1.0F, 9}, {0, 0, 1.0F, 7}};

  const Merged merged = merge_duplicates(rows, Duplicates::sum);

  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].value, 16777218.0F);
  EXPECT_EQ(rows[0].timestamp, 9);
  EXPECT_EQ(merged.rows_merged, 2U);
  EXPECT_FALSE(merged.refused);
}

TEST(MergeDuplicatesTest, sorts_any_order_of_users) {
  std::mt19937 random(5);
  for (const std::uint32_t users : {1U, 2U, 700U, 4'000'000'000U}) {  // the last: far fewer rows than numbers of users
    Rows rows;
    for (int i = 0; i < 3000; ++i) {
      const auto user = static_cast<std::uint32_t>(random() % users);
      rows.push_back({user, static_cast<std::uint32_t>(random() % 50), static_cast<float>(random() % 3), 0});
    }
    std::map<std::pair<std::uint32_t, std::uint32_t>, float> sums;
    for (const Interaction& row : rows) sums[{row.user, row.item}] += row.value;

    (void)merge_duplicates(rows, Duplicates::sum);

    ASSERT_EQ(rows.size(), sums.size());
    auto row = rows.begin();
    for (const auto& [pair, sum] : sums) {
      ASSERT_EQ(std::pair(row->user, row->item), pair);
      ASSERT_EQ(row->value, sum);
      ++row;
    }
  }
}

TEST(MergeDuplicatesTest, sum_does_not_depend_on_the_order_of_rows) {
  // 2^53 + 1 is no double: whether the ones count depends on the order of adding.
  Rows rows{{0, 0, 9007199254740992.0F, 0}, {0, 0, 1, 0}, {0, 0, 1, 0}, {0, 0, -9007199254740992.0F, 0}};
  std::vector<float> sums;

  for (int rotation = 0; rotation < 4; ++rotation) {
    std::rotate(rows.begin(), rows.begin() + 1, rows.end());
    Rows copy = rows;
    (void)merge_duplicates(copy, Duplicates::sum);
    sums.push_back(copy[0].value);
  }

  EXPECT_EQ(sums, (std::vector<float>{2, 2, 2, 2}));
}

TEST(MergeDuplicatesTest, last_takes_latest_timestamp_then_greatest_value) {
  Rows rows{{0, 0, 9, 1}, {0, 0, 2, 3}, {0, 0, 4, 3}, {0, 0, 3, 3}};

  (void)merge_duplicates(rows, Duplicates::last);

  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].value, 4);
  EXPECT_EQ(rows[0].timestamp, 3);
}

TEST(MergeDuplicatesTest, max_takes_greatest_value_and_latest_timestamp) {
  Rows rows{{0, 0, 9, 1}, {0, 0, 2, 3}};

  (void)merge_duplicates(rows, Duplicates::max);

  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].value, 9);
  EXPECT_EQ(rows[0].timestamp, 3);
}

TEST(MergeDuplicatesTest, error_names_first_pair_in_index_order) {
  Rows rows{{2, 1, 1, 0}, {1, 5, 1, 0}, {2, 1, 1, 0}, {1, 5, 1, 0}, {0, 0, 1, 0}};

  const Merged merged = merge_duplicates(rows, Duplicates::error);

  ASSERT_TRUE(merged.refused);
  EXPECT_EQ(merged.refused->user, 1U);
  EXPECT_EQ(merged.refused->item, 5U);
}

TEST(MergeDuplicatesTest, sum_beyond_float_is_refused) {
  Rows rows{{0, 0, 3e38F, 0}, {0, 0, 3e38F, 0}};

  EXPECT_TRUE(merge_duplicates(rows, Duplicates::sum).refused);
}

TEST(ToSparseRowsTest, gives_rows_without_interactions_an_empty_range) {
  const Rows rows{{11, 2, 5, 0}, {11, 7, 6, 0}, {13, 0, 7, 0}};

  const SparseRows sparse = to_sparse_rows({10, 15}, rows);

  EXPECT_EQ(sparse.first_row, 10U);
  EXPECT_EQ(sparse.offsets, (std::vector<std::uint64_t>{0, 0, 2, 2, 3, 3}));
  EXPECT_EQ(sparse.columns, (std::vector<std::uint32_t>{2, 7, 0}));
  EXPECT_EQ(sparse.values, (std::vector<float>{5, 6, 7}));
}

}  // namespace
}  // namespace alsace
