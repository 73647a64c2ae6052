#include "mpi/training/exchange_plan.hpp"

#include <map>
#include <set>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "mpi/training/exchange_choice.hpp"

namespace alsace::mpi {
namespace {

/// Five ranks, three parts each; rank 2 has no rows, and some parts are empty.
const ShardParts parts({0, 2, 2, 5, 6, 7, 9, 9, 9, 9, 12, 13, 14, 14, 18, 20}, 3);

using Lengths = std::map<std::pair<int, int>, std::vector<std::uint64_t>>;  // of the messages from one rank to another

/// The global rows that the messages of all plans carry, by who receives them, after checking that what is sent is what
/// is expected, message by message.
std::map<int, std::multiset<std::uint64_t>> rows_received(const std::vector<ExchangePlan>& plans,
                                                          const std::vector<std::vector<std::uint32_t>>& held) {
  Lengths sent;
  Lengths expected;
  std::map<int, std::multiset<std::uint64_t>> received;
  for (int rank = 0; rank < static_cast<int>(plans.size()); ++rank) {
    const auto at = static_cast<std::size_t>(rank);
    for (const auto& messages : plans[at].sends) {
      for (const RowMessage& message : messages) {
        sent[{rank, message.peer}].push_back(message.rows);
        EXPECT_NE(message.peer, rank);
        for (std::uint64_t i = message.first; i < message.first + message.rows; ++i) {
          const std::uint64_t local = plans[at].packed_rows.empty() ? i : plans[at].packed_rows[i];
          received[message.peer].insert(parts.shard(rank).begin + local);
        }
      }
    }
    std::multiset<std::uint64_t> places;
    for (const RowMessage& message : plans[at].receives) {
      expected[{message.peer, rank}].push_back(message.rows);
      for (std::uint64_t place = message.first; place < message.first + message.rows; ++place)
        places.insert(held.empty() ? place : held[at][place]);
    }
    received[rank + 100] = places;  // where they land
  }
  EXPECT_EQ(sent, expected);
  return received;
}

TEST(ExchangePlanTest, replicate_brings_every_row_to_every_copy_once) {
  for (const auto& keys :
       {std::vector<int>{0, 1, 2, 3, 4}, std::vector<int>{0, 0, 1, 1, 1}, std::vector<int>{0, 1, 0, 1, 0},
        std::vector<int>{0, 0, 0, 0, 1}, std::vector<int>{0, 0, 0, 0, 0}}) {
    const RankGroups copies(keys);
    std::vector<ExchangePlan> plans;
    std::uint64_t least = 0;
    std::uint64_t moved = 0;
    for (int rank = 0; rank < 5; ++rank) plans.push_back(replicate_plan(parts, copies, rank));

    const auto received = rows_received(plans, {});

    for (int group = 0; group < copies.groups(); ++group) {
      std::multiset<std::uint64_t> arrived;
      std::multiset<std::uint64_t> landed;
      std::multiset<std::uint64_t> missing;
      for (const int member : copies.members(group)) {
        if (received.count(member) != 0) arrived.insert(received.at(member).begin(), received.at(member).end());
        landed.insert(received.at(member + 100).begin(), received.at(member + 100).end());
      }
      for (int rank = 0; rank < 5; ++rank) {
        if (copies.group_of(rank) == group) continue;
        for (std::uint64_t row = parts.shard(rank).begin; row < parts.shard(rank).end; ++row) missing.insert(row);
      }
      EXPECT_EQ(arrived, missing);
      EXPECT_EQ(landed, missing);
      moved += arrived.size();
    }
    for (const ExchangePlan& plan : plans) least += plan.least_rows;
    EXPECT_EQ(moved, least);
  }
}

TEST(ExchangePlanTest, needed_brings_each_rank_what_it_holds_of_others_once) {
  const std::vector<std::vector<std::uint32_t>> held = {{0, 1, 2, 3, 4, 5, 8, 13, 19},
                                                        {0, 5, 6, 7, 8, 14},
                                                        {3, 9, 11},
                                                        {9, 10, 11, 12, 13},
                                                        {0, 6, 14, 15, 16, 17, 18, 19}};
  std::vector<ExchangePlan> plans;
  for (int rank = 0; rank < 5; ++rank) {
    std::vector<std::vector<std::uint32_t>> lists(5);
    for (int asker = 0; asker < 5; ++asker) {
      if (asker == rank) continue;
      for (const std::uint32_t row : held[static_cast<std::size_t>(asker)]) {
        const RowRange shard = parts.shard(rank);
        if (shard.contains(row))
          lists[static_cast<std::size_t>(asker)].push_back(row - static_cast<std::uint32_t>(shard.begin));
      }
    }
    const std::vector<std::span<const std::uint32_t>> asked(lists.begin(), lists.end());
    plans.push_back(needed_sends(parts, asked, rank));
    plans.back().receives = needed_receives(parts, held[static_cast<std::size_t>(rank)], rank);
  }

  auto received = rows_received(plans, held);

  for (int rank = 0; rank < 5; ++rank) {
    std::multiset<std::uint64_t> foreign;
    for (const std::uint32_t row : held[static_cast<std::size_t>(rank)])
      if (!parts.shard(rank).contains(row)) foreign.insert(row);
    EXPECT_EQ(received[rank], foreign) << "rank " << rank;
    EXPECT_EQ(received[rank + 100], foreign) << "rank " << rank;
  }
}

TEST(ExchangePlanTest, held_rows_are_own_named_and_those_that_complete_a_block) {
  const std::vector<std::uint32_t> columns = {9, 1, 9, 5};

  EXPECT_EQ(needed_rows(columns, {3, 5}, {4, 7}, 12), (std::vector<std::uint32_t>{1, 3, 4, 5, 6, 9}));
  EXPECT_TRUE(needed_rows({}, {12, 12}, {12, 12}, 12).empty());
}

TEST(ShardPartsTest, parts_cost_about_the_same) {
  SparseRows rows;
  rows.first_row = 100;
  rows.offsets = {0, 90, 92, 94, 96, 98, 100};  // the first row is most of the work

  EXPECT_EQ(cut_in_parts(rows, {.per_row = 0, .per_interaction = 1}, 4),
            (std::vector<std::uint64_t>{100, 101, 101, 101}));
  EXPECT_EQ(cut_in_parts(rows, {.per_row = 1, .per_interaction = 0}, 3), (std::vector<std::uint64_t>{100, 102, 104}));
}

TEST(ShardPartsTest, small_shards_leave_whole) {
  EXPECT_EQ(parts_of(0, 256), 1);
  EXPECT_EQ(parts_of(1000, 256), 3);
  EXPECT_EQ(parts_of(1000000, 256), 16);
}

TEST(ExchangeChoiceTest, costs_are_those_of_the_busiest_host) {
  const std::vector<RankRows> ranks = {{10, 30}, {20, 25}, {30, 60}, {40, 70}};
  const RankGroups hosts(std::vector<int>{0, 0, 0, 1});

  // Host 0 solves 60 of 100 rows, host 1 40.
  EXPECT_EQ(replicate_cost(ranks, hosts, hosts, {.held = 2, .moved = 3}), (ExchangeCost{200, 180}));
  // Copies of their own: the ranks of host 0 lack 90, 80 and 70 rows.
  EXPECT_EQ(replicate_cost(ranks, hosts, RankGroups::singles(4), {.held = 2, .moved = 3}), (ExchangeCost{600, 720}));
  EXPECT_EQ(needed_cost(ranks, hosts, {.held = 2, .moved = 3}), (ExchangeCost{230, 165}));
}

TEST(ExchangeChoiceTest, needed_must_move_a_fifth_less_or_be_all_that_fits) {
  EXPECT_EQ(choose_exchange({100, 1000}, {100, 790}, 500), Exchange::needed);
  EXPECT_EQ(choose_exchange({100, 1000}, {100, 810}, 500), Exchange::replicate);
  EXPECT_EQ(choose_exchange({600, 1000}, {400, 990}, 500), Exchange::needed);
  EXPECT_EQ(choose_exchange({400, 1000}, {600, 100}, 500), Exchange::replicate);
  EXPECT_EQ(choose_exchange({600, 1000}, {700, 100}, 500), Exchange::needed);
}

}  // namespace
}  // namespace alsace::mpi
