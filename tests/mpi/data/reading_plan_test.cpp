#include "mpi/data/reading_plan.hpp"

#include <gtest/gtest.h>

namespace alsace::mpi {
namespace {

TEST(ReadingPlanTest, byte_ranges_tile_the_plain_files) {
  const std::vector<PlannedFile> files{{100, 10, false}, {7, 0, false}, {50, 0, true}, {33, 3, false}};

  for (int ranks = 1; ranks <= 9; ++ranks) {
    std::vector<std::uint64_t> reached{10, 0, 0, 3};
    for (int rank = 0; rank < ranks; ++rank) {
      for (const ReadingUnit& unit : plan_reading(files, rank, ranks, false)) {
        if (unit.whole) continue;
        EXPECT_EQ(unit.range.begin, reached[unit.file]);
        EXPECT_LT(unit.range.begin, unit.range.end);
        reached[unit.file] = unit.range.end;
      }
    }
    EXPECT_EQ(reached, (std::vector<std::uint64_t>{100, 7, 0, 33})) << ranks << " ranks";
  }
}

TEST(ReadingPlanTest, compressed_files_are_dealt_whole_largest_first) {
  const std::vector<PlannedFile> files{{10, 0, true}, {40, 0, true}, {20, 0, true}, {25, 0, true}};
  std::vector<std::vector<std::size_t>> dealt(2);

  for (int rank = 0; rank < 2; ++rank) {
    for (const ReadingUnit& unit : plan_reading(files, rank, 2, false)) {
      EXPECT_TRUE(unit.whole);
      dealt[static_cast<std::size_t>(rank)].push_back(unit.file);
    }
  }

  EXPECT_EQ(dealt[0], (std::vector<std::size_t>{0, 1}));
  EXPECT_EQ(dealt[1], (std::vector<std::size_t>{2, 3}));
}

TEST(ReadingPlanTest, serial_parsing_gives_rank_0_everything) {
  const std::vector<PlannedFile> files{{100, 10, false}, {50, 0, true}};

  EXPECT_EQ(plan_reading(files, 0, 3, true).size(), 2U);
  EXPECT_TRUE(plan_reading(files, 1, 3, true).empty());
}

}  // namespace
}  // namespace alsace::mpi
