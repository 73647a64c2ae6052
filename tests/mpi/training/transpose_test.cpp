#include "mpi/training/transpose.hpp"

#include <gtest/gtest.h>

#include "mpi/training/distributed_sum.hpp"

namespace alsace::mpi {
namespace {

/// Entry (row, column) exists where (3·row + column) mod 4 == 0, with value 100·row + column.
SparseRows stripes(RowRange range, std::uint32_t columns) {
  SparseRows rows;
  rows.first_row = range.begin;
  for (std::uint64_t row = range.begin; row < range.end; ++row) {
    for (std::uint32_t column = 0; column < columns; ++column) {
      if ((3 * row + column) % 4 != 0) continue;
      rows.columns.push_back(column);
      rows.values.push_back(static_cast<float>(100 * row + column));
    }
    rows.offsets.push_back(rows.columns.size());
  }
  return rows;
}

TEST(TransposeTest, rows_of_the_transpose_ascend_whatever_the_round) {
  const auto world = Communicator::world();
  const ShardMap row_map = ShardMap::even(9, world.size());
  const ShardMap column_map = ShardMap::even(7, world.size());
  const SparseRows rows = stripes(row_map.range(world.rank()), 7);

  for (const std::size_t round : {1U, 3U, 1000U}) {
    const SparseRows transposed = transpose(world, rows, column_map, round);

    const RowRange range = column_map.range(world.rank());
    ASSERT_EQ(transposed.range(), range);
    for (std::uint64_t column = range.begin; column < range.end; ++column) {
      const auto local = static_cast<std::size_t>(column - range.begin);
      std::vector<std::uint32_t> expected;
      std::vector<float> expected_values;
      for (std::uint32_t row = 0; row < 9; ++row) {
        if ((3 * row + column) % 4 != 0) continue;
        expected.push_back(row);
        expected_values.push_back(static_cast<float>(100 * row + column));
      }
      const auto found = transposed.columns_of(local);
      const auto values = transposed.values_of(local);
      EXPECT_EQ(std::vector(found.begin(), found.end()), expected);
      EXPECT_EQ(std::vector(values.begin(), values.end()), expected_values);
    }
  }
}

TEST(TransposeTest, transposing_twice_gives_the_matrix_back) {
  const auto world = Communicator::world();
  const ShardMap row_map = ShardMap::even(130, world.size());
  const ShardMap column_map = ShardMap::even(3, world.size());
  const SparseRows rows = stripes(row_map.range(world.rank()), 3);

  const SparseRows twice = transpose(world, transpose(world, rows, column_map, 17), row_map, 5);

  EXPECT_EQ(twice.offsets, rows.offsets);
  EXPECT_EQ(twice.columns, rows.columns);
  EXPECT_EQ(twice.values, rows.values);
}

TEST(WholeBlocksTest, every_block_is_summed_by_the_rank_that_holds_its_first_row) {
  const ShardMap map({0, 10, 10, 70, 128, 200});

  EXPECT_EQ(whole_blocks(map, 0), (RowRange{0, 64}));
  EXPECT_TRUE(whole_blocks(map, 1).empty());
  EXPECT_EQ(whole_blocks(map, 2), (RowRange{64, 128}));
  EXPECT_TRUE(whole_blocks(map, 3).empty());
  EXPECT_EQ(whole_blocks(map, 4), (RowRange{128, 200}));
}

TEST(WholeBlocksTest, missing_rows_come_from_the_ranks_behind) {
  const auto world = Communicator::world();
  std::vector<std::uint64_t> bounds{0};
  for (int rank = 1; rank < world.size(); ++rank) bounds.push_back(static_cast<std::uint64_t>(20 * rank + 1));
  bounds.push_back(150);
  const ShardMap map(bounds);
  const RowRange own = map.range(world.rank());
  std::vector<double> values;
  for (std::uint64_t row = own.begin; row < own.end; ++row) {
    values.push_back(static_cast<double>(row));
    values.push_back(static_cast<double>(row) + 0.5);
  }

  const auto complete = complete_blocks(world, map, values, 2);

  const RowRange blocks = whole_blocks(map, world.rank());
  ASSERT_EQ(complete.size(), 2 * blocks.size());
  for (std::uint64_t i = 0; i < blocks.size(); ++i) {
    EXPECT_EQ(complete[2 * i], static_cast<double>(blocks.begin + i));
    EXPECT_EQ(complete[2 * i + 1], static_cast<double>(blocks.begin + i) + 0.5);
  }
}

}  // namespace
}  // namespace alsace::mpi
