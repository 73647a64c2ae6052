#include "mpi/comm/collectives.hpp"

#include <boost/serialization/string.hpp>
#include <boost/serialization/vector.hpp>
#include <gtest/gtest.h>

#include "mpi/comm/objects.hpp"
#include "mpi/shard_map.hpp"
#include "src/error.hpp"

namespace alsace::mpi {
namespace {

TEST(CollectivesTest, run_together_rethrows_the_lowest_failing_rank_everywhere) {
  const auto world = Communicator::world();
  const int last = world.size() - 1;

  try {
    world.run_together([&] {
      if (world.rank() == last) throw input_error("bad row on the last rank");
    });
    FAIL() << "no error on rank " << world.rank();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::input);
    EXPECT_STREQ(error.what(), "bad row on the last rank");
  }
}

TEST(CollectivesTest, all_to_all_in_small_pieces_moves_every_element_in_order) {
  const auto world = Communicator::world();
  const auto ranks = static_cast<std::uint64_t>(world.size());
  const auto me = static_cast<std::uint64_t>(world.rank());
  std::vector<std::uint64_t> send;
  std::vector<std::uint64_t> counts;
  for (std::uint64_t to = 0; to < ranks; ++to) {
    counts.push_back(5 * me + to);
    for (std::uint64_t i = 0; i < counts.back(); ++i) send.push_back(1000 * me + 100 * to + i);
  }

  const auto received = all_to_all<std::uint64_t>(world, send, counts, 3);

  std::size_t at = 0;
  for (std::uint64_t from = 0; from < ranks; ++from) {
    ASSERT_EQ(received.counts[from], 5 * from + me);
    for (std::uint64_t i = 0; i < received.counts[from]; ++i) {
      EXPECT_EQ(received.elements[at++], 1000 * from + 100 * me + i);
    }
  }
  EXPECT_EQ(at, received.elements.size());
}

TEST(CollectivesTest, all_gather_rows_completes_a_matrix_with_empty_shards) {
  const auto world = Communicator::world();
  const ShardMap map = ShardMap::even(2, world.size());  // more ranks than rows at 3 and 4
  std::vector<float> matrix(2 * 3, -1.0F);
  for (std::uint64_t row = map.range(world.rank()).begin; row < map.range(world.rank()).end; ++row) {
    for (std::uint64_t k = 0; k < 3; ++k) matrix[row * 3 + k] = static_cast<float>(10 * row + k);
  }

  all_gather_rows(world, matrix.data(), 3 * sizeof(float), map.bounds());

  EXPECT_EQ(matrix, (std::vector<float>{0, 1, 2, 10, 11, 12}));
}

TEST(CollectivesTest, all_gather_rows_goes_in_rounds_where_there_are_many_rows) {
  const auto world = Communicator::world();
  const ShardMap map = ShardMap::even(23, world.size());
  std::vector<std::uint64_t> rows(23, 0);
  for (std::uint64_t row = map.range(world.rank()).begin; row < map.range(world.rank()).end; ++row) rows[row] = row + 1;

  all_gather_rows(world, rows.data(), sizeof(std::uint64_t), map.bounds(), 5);

  for (std::uint64_t row = 0; row < rows.size(); ++row) EXPECT_EQ(rows[row], row + 1);
}

TEST(CollectivesTest, rounds_of_a_gather_cover_more_rows_than_an_int_counts) {
  const std::vector<std::uint64_t> bounds = {0, 3'000'000'000, 3'000'000'000, 9'000'000'001};
  constexpr std::uint64_t window = std::uint64_t{1} << 30;

  std::vector<std::uint64_t> covered(3, 0);
  for (std::uint64_t begin = 0; begin < bounds.back(); begin += window) {
    const GatherRound round = gather_round(bounds, begin, window);
    for (std::size_t rank = 0; rank < 3; ++rank) {
      if (round.counts[rank] > 0) {  // goes on where the round before ended
        EXPECT_EQ(begin + static_cast<std::uint64_t>(round.starts[rank]), bounds[rank] + covered[rank]);
      }
      covered[rank] += static_cast<std::uint64_t>(round.counts[rank]);
    }
  }

  EXPECT_EQ(covered, (std::vector<std::uint64_t>{3'000'000'000, 0, 6'000'000'001}));
}

TEST(CollectivesTest, objects_travel_by_serialization) {
  const auto world = Communicator::world();

  const auto all = all_gather_objects(world, std::vector<std::string>(static_cast<std::size_t>(world.rank()), "x"));
  const auto from_last = broadcast_object(world, std::to_string(world.rank()), world.size() - 1);

  ASSERT_EQ(all.size(), static_cast<std::size_t>(world.size()));
  for (std::size_t r = 0; r < all.size(); ++r) EXPECT_EQ(all[r].size(), r);
  EXPECT_EQ(from_last, std::to_string(world.size() - 1));
}

TEST(CollectivesTest, exclusive_sum_starts_at_zero) {
  const auto world = Communicator::world();

  EXPECT_EQ(exclusive_sum<std::int64_t>(world, 2), 2 * world.rank());
}

}  // namespace
}  // namespace alsace::mpi
