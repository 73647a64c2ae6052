#include "src/data/collect_rows.hpp"

#include <random>
#include <utility>

#include <gtest/gtest.h>

namespace alsace {
namespace {

using Chunks = std::vector<InteractionChunk>;

Chunks chunks_of(const std::vector<Interaction>& rows, std::size_t chunk_rows, bool timed) {
  Chunks chunks;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i % chunk_rows == 0) chunks.emplace_back();
    chunks.back().rows.push_back({rows[i].user, rows[i].item, rows[i].value});
    if (timed) chunks.back().timestamps.push_back(rows[i].timestamp);
  }
  return chunks;
}

/// Collected rows are those that merge_duplicates() makes of all interactions at once.
void expect_as_merged(std::vector<Interaction> rows, const CollectedRows& collected, RowRange range, bool timed,
                      Duplicates duplicates) {
  const std::size_t before = rows.size();
  const Merged merged = merge_duplicates(rows, duplicates);
  ASSERT_EQ(merged.refused.has_value(), collected.merged.refused.has_value());
  if (merged.refused) {
    EXPECT_EQ(merged.refused->user, collected.merged.refused->user);
    EXPECT_EQ(merged.refused->item, collected.merged.refused->item);
    return;
  }
  const SparseRows expected = to_sparse_rows(range, rows);
  EXPECT_EQ(collected.merged.rows_merged, before - rows.size());
  EXPECT_EQ(collected.by_user.first_row, range.begin);
  EXPECT_EQ(collected.by_user.offsets, expected.offsets);
  EXPECT_EQ(collected.by_user.columns, expected.columns);
  EXPECT_EQ(collected.by_user.values, expected.values);
  ASSERT_EQ(collected.timestamps.size(), timed ? rows.size() : 0U);
  for (std::size_t i = 0; i < collected.timestamps.size(); ++i) ASSERT_EQ(collected.timestamps[i], rows[i].timestamp);
}

TEST(CollectRowsTest, makes_the_rows_that_merging_all_at_once_makes) {
  std::mt19937 random(7);
  const auto below = [&](std::uint32_t bound) { return static_cast<std::uint32_t>(random() % bound); };
  for (const auto duplicates : {Duplicates::sum, Duplicates::last, Duplicates::max, Duplicates::error}) {
    for (int round = 0; round < 200; ++round) {
      const bool timed = round % 2 == 0;
      const std::uint32_t items = round % 3 == 0 ? 4 : 100000;  // many duplicates, or hardly one
      const std::uint32_t users = 1 + below(20);
      std::vector<Interaction> rows;
      for (std::uint32_t i = 0; i < 150; ++i) {
        const float value = (static_cast<float>(below(9)) - 4.0F) * 0.75F;
        rows.push_back({5 + below(users), below(items), value, timed ? below(3) : 0});
      }

      const RowRange range{5, 30};
      const CollectedRows collected = collect_rows(range, chunks_of(rows, 1 + below(60), timed), duplicates);

      expect_as_merged(rows, collected, range, timed, duplicates);
    }
  }
}

TEST(CollectRowsTest, keeps_rows_that_are_in_order_as_they_are) {
  const std::vector<Interaction> rows{{0, 1, 2, 9}, {0, 4, -3, 8}, {2, 0, 1, 7}};

  const CollectedRows collected = collect_rows({0, 4}, chunks_of(rows, 2, true), Duplicates::sum);

  EXPECT_EQ(collected.by_user.offsets, (std::vector<std::uint64_t>{0, 2, 2, 3, 3}));
  EXPECT_EQ(collected.by_user.columns, (std::vector<std::uint32_t>{1, 4, 0}));
  EXPECT_EQ(collected.by_user.values, (std::vector<float>{2, -3, 1}));
  EXPECT_EQ(collected.timestamps, (std::vector<std::int64_t>{9, 8, 7}));
}

TEST(CollectRowsTest, collects_nothing_from_nothing) {
  const CollectedRows collected = collect_rows({3, 5}, {}, Duplicates::sum);

  EXPECT_EQ(collected.by_user.offsets, (std::vector<std::uint64_t>{0, 0, 0}));
  EXPECT_EQ(collected.merged.rows_merged, 0U);
}

}  // namespace
}  // namespace alsace
