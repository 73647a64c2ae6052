#include "mpi/data/distributed_ids.hpp"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "mpi/data/move_ids.hpp"
#include "src/data/id_order.hpp"

namespace alsace::mpi {
namespace {

using Strings = std::vector<std::string>;

IdList list_of(const Strings& ids) {
  IdList list;
  for (const std::string& id : ids) list.push_back(id);
  return list;
}

/// Every rank's part one after the other, on all ranks.
Strings whole(const Communicator& comm, const IdList& mine) {
  const IdList all = all_gather_ids(comm, mine);
  Strings result;
  for (std::size_t i = 0; i < all.size(); ++i) result.emplace_back(all[i]);
  return result;
}

/// Rank r's share of a list: every id whose place is r modulo the ranks, and its neighbour, so that ranks overlap.
IdList share_of(const Communicator& comm, const Strings& ids) {
  IdList mine;
  const auto ranks = static_cast<std::size_t>(comm.size());
  const auto rank = static_cast<std::size_t>(comm.rank());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (i % ranks == rank || (i + 1) % ranks == rank) mine.push_back(ids[i]);
  }
  return mine;
}

Strings serially(Strings ids, bool numeric) {
  std::sort(ids.begin(), ids.end(), IdOrder{numeric});
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

TEST(DistributedIdsTest, orders_digits_by_value) {
  const auto world = Communicator::world();
  const Strings ids{"10", "7", "100000000000000000000", "9", "07", "99999999999999999999"};

  const auto built = DistributedIds::build(world, share_of(world, ids));

  EXPECT_EQ(whole(world, built.mine()),
            (Strings{"07", "7", "9", "10", "99999999999999999999", "100000000000000000000"}));
  EXPECT_EQ(built.size(), 6U);
}

TEST(DistributedIdsTest, one_id_that_is_not_digits_on_one_rank_orders_all_by_bytes) {
  const auto world = Communicator::world();
  IdList mine = share_of(world, {"10", "7", "9", "07"});
  if (world.rank() == world.size() - 1) mine.push_back("x");

  const auto built = DistributedIds::build(world, mine);

  EXPECT_EQ(whole(world, built.mine()), (Strings{"07", "10", "7", "9", "x"}));
}

TEST(DistributedIdsTest, many_ids_match_a_serial_sort_and_spread_over_the_ranks) {
  const auto world = Communicator::world();
  Strings ids;
  for (std::uint64_t i = 0; i < 20000; ++i) ids.push_back(std::to_string(i * i * 2654435761ULL % 15013));

  const auto built = DistributedIds::build(world, share_of(world, ids));

  const Strings expected = serially(ids, true);
  EXPECT_EQ(whole(world, built.mine()), expected);
  EXPECT_EQ(built.map().range(world.rank()).size(), built.mine().size());
  EXPECT_LT(built.mine().size(), expected.size() * 2 / static_cast<std::size_t>(world.size()) + 1);
}

TEST(DistributedIdsTest, lists_that_all_ranks_have_spread_over_the_ranks) {
  const auto world = Communicator::world();
  Strings ids;
  for (int i = 0; i < 10000; ++i) ids.push_back(std::to_string(i));

  const auto built = DistributedIds::build(world, list_of(ids));

  EXPECT_EQ(built.size(), ids.size());
  EXPECT_LT(built.mine().size(), ids.size() * 3 / 2 / static_cast<std::size_t>(world.size()) + 1);
}

TEST(SamplePlacesTest, are_about_64_a_rank_over_all) {
  for (const int ranks : {1, 7, 256}) {
    std::size_t samples = 0;
    for (int rank = 0; rank < ranks; ++rank) {
      // Rank 0 has half of all, the last one nothing.
      const std::uint64_t size = rank == 0 ? 1000000 : rank == ranks - 1 ? 0 : 1000000 / static_cast<unsigned>(ranks);
      const auto places = sample_places(size, 2000000, rank, ranks);
      EXPECT_EQ(places.empty(), size == 0);
      EXPECT_TRUE(std::is_sorted(places.begin(), places.end()));
      if (!places.empty()) {
        EXPECT_LT(places.back(), size);
      }
      samples += places.size();
    }
    EXPECT_LE(samples, 66 * static_cast<std::size_t>(ranks));
    EXPECT_GE(samples, 32 * static_cast<std::size_t>(ranks));
  }
}

TEST(SamplePlacesTest, a_rank_with_few_ids_gives_one) {
  EXPECT_EQ(sample_places(3, 1000000, 3, 4), (std::vector<std::uint64_t>{1}));
  EXPECT_TRUE(sample_places(0, 1000000, 3, 4).empty());
}

TEST(DistributedIdsTest, looks_up_what_it_holds_and_nothing_else) {
  const auto world = Communicator::world();
  const Strings ids{"10", "7", "9", "07", "300", "2000"};
  const auto built = DistributedIds::build(world, share_of(world, ids));

  const auto found = built.lookup(world, list_of({"300", "07", "7", "8", "007", "x", "1", "99999", "2000"}));

  constexpr auto absent = DistributedIds::absent;
  EXPECT_EQ(found, (std::vector<std::uint32_t>{4, 0, 1, absent, absent, absent, absent, absent, 5}));
}

TEST(DistributedIdsTest, ranks_may_ask_different_questions_or_none) {
  const auto world = Communicator::world();
  Strings ids;
  for (int i = 0; i < 50; ++i) ids.push_back("id" + std::to_string(100 + i));
  const auto built = DistributedIds::build(world, share_of(world, ids));
  IdList questions;
  for (int i = 0; i < 10 * world.rank(); ++i) questions.push_back(ids[static_cast<std::size_t>(49 - i)]);

  const auto found = built.lookup(world, questions);

  ASSERT_EQ(found.size(), questions.size());
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i], 49 - i);
}

TEST(DistributedIdsTest, works_with_fewer_ids_than_ranks_and_with_none) {
  const auto world = Communicator::world();

  const auto one = DistributedIds::build(world, list_of({"only"}));
  const auto none = DistributedIds::build(world, IdList());

  EXPECT_EQ(one.size(), 1U);
  EXPECT_EQ(one.lookup(world, list_of({"only", "other"})), (std::vector<std::uint32_t>{0, DistributedIds::absent}));
  EXPECT_EQ(none.size(), 0U);
  EXPECT_EQ(none.lookup(world, list_of({"only"})), (std::vector<std::uint32_t>{DistributedIds::absent}));
}

TEST(DistributedIdsTest, takes_sorted_ids_as_they_are) {
  const auto world = Communicator::world();
  const Strings ids{"a", "b", "c"};
  const ShardMap map = ShardMap::even(3, world.size());
  IdList mine;
  for (std::uint64_t i = map.range(world.rank()).begin; i < map.range(world.rank()).end; ++i) mine.push_back(ids[i]);

  const auto built = DistributedIds::from_sorted(world, mine, map);

  EXPECT_EQ(built.lookup(world, list_of({"c", "a", "bb"})), (std::vector<std::uint32_t>{2, 0, DistributedIds::absent}));
}

}  // namespace
}  // namespace alsace::mpi
