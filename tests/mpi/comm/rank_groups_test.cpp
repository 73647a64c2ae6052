#include "mpi/comm/rank_groups.hpp"

#include <map>
#include <vector>

#include <gtest/gtest.h>

#include "mpi/comm/collectives.hpp"
#include "mpi/comm/shared_window.hpp"

namespace alsace::mpi {
namespace {

TEST(RankGroupsTest, groups_are_numbered_by_their_lowest_ranks) {
  const RankGroups groups(std::vector<int>{7, 3, 7, 3, 9});

  EXPECT_EQ(groups.groups(), 3);
  EXPECT_EQ(std::vector<int>(groups.members(0).begin(), groups.members(0).end()), (std::vector<int>{0, 2}));
  EXPECT_EQ(std::vector<int>(groups.members(1).begin(), groups.members(1).end()), (std::vector<int>{1, 3}));
  EXPECT_EQ(groups.group_of(4), 2);
  EXPECT_TRUE(groups.together(1, 3));
  EXPECT_FALSE(groups.together(0, 1));
}

TEST(RankGroupsTest, ranks_dealt_round_robin_to_hosts_share_the_receiving) {
  const RankGroups hosts(std::vector<int>{0, 1, 0, 1});

  std::map<int, int> messages;  // by receiver
  for (const int sender : hosts.members(0)) ++messages[hosts.receiver(sender, 1)];

  EXPECT_EQ(messages, (std::map<int, int>{{1, 1}, {3, 1}}));
}

TEST(RankGroupsTest, a_smaller_host_receives_for_itself_alone) {
  const RankGroups hosts(std::vector<int>{0, 0, 0, 1});

  for (const int sender : hosts.members(0)) EXPECT_EQ(hosts.receiver(sender, 1), 3);
  EXPECT_EQ(hosts.receiver(3, 0), 0);
}

TEST(RankGroupsTest, this_machine_is_one_host_unless_told_otherwise) {
  const auto world = Communicator::world();

  EXPECT_EQ(ranks_by_host(world).groups(), 1);
  EXPECT_EQ(ranks_by_host(world, 2).groups(), (world.size() + 1) / 2);
}

TEST(SharedWindowTest, every_rank_reads_what_the_others_wrote) {
  const auto world = Communicator::world();
  const auto ranks = static_cast<std::size_t>(world.size());
  const SharedWindow window(world.split(0, world.rank()), ranks * sizeof(int));
  auto* const numbers = reinterpret_cast<int*>(window.data());

  for (int round = 1; round <= 3; ++round) {
    numbers[world.rank()] = round * 100 + world.rank();
    window.synchronize();
    for (int rank = 0; rank < world.size(); ++rank) EXPECT_EQ(numbers[rank], round * 100 + rank);
    window.synchronize();
  }
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(window.data()) % 64, 0U);
}

}  // namespace
}  // namespace alsace::mpi
