#include <algorithm>
#include <numeric>
#include <random>

#include <gtest/gtest.h>

#include "mpi/comm/collectives.hpp"
#include "mpi/serving/merge_tree.hpp"
#include "mpi/serving/sharded_items.hpp"
#include "mpi/serving/sharded_model.hpp"
#include "mpi/serving/sharded_search.hpp"

namespace alsace::mpi {
namespace {

TEST(MergeTreeTest, every_rank_but_the_root_is_the_child_of_its_parent) {
  for (int ranks = 1; ranks <= 20; ++ranks) {
    std::vector<int> reached{0};
    for (std::size_t i = 0; i < reached.size(); ++i) {
      for (const int child : merge_children(reached[i], ranks)) {
        EXPECT_EQ(merge_parent(child), reached[i]);
        reached.push_back(child);
      }
    }
    std::vector<int> expected(static_cast<std::size_t>(ranks));
    std::iota(expected.begin(), expected.end(), 0);
    std::sort(reached.begin(), reached.end());
    EXPECT_EQ(reached, expected);
  }
  EXPECT_FALSE(merge_parent(0).has_value());
}

/// A whole model in memory, of which each rank shows its shard.
struct Fixture {
  FactorMatrix users;
  FactorMatrix items;
  std::vector<double> user_biases;
  std::vector<double> item_biases;
  std::vector<std::uint64_t> seen_offsets{0};
  std::vector<std::uint32_t> seen_items;
  bool has_biases = false;
};

/// Values that are small integers, so that scores are exact and many are equal.
Fixture integer_model(Eigen::Index users, Eigen::Index items, unsigned seed) {
  std::mt19937 random(seed);
  const auto small = [&random] { return static_cast<float>(static_cast<int>(random() % 3) - 1); };
  Fixture model;
  model.users = FactorMatrix::NullaryExpr(users, 4, small);
  model.items = FactorMatrix::NullaryExpr(items, 4, small);
  for (Eigen::Index user = 0; user < users; ++user) {
    model.user_biases.push_back(0.5 * static_cast<double>(user % 3));
    for (Eigen::Index item = 0; item < items; ++item) {
      if (random() % 4 == 0) model.seen_items.push_back(static_cast<std::uint32_t>(item));
    }
    model.seen_offsets.push_back(model.seen_items.size());
  }
  for (Eigen::Index item = 0; item < items; ++item) model.item_biases.push_back(0.25 * static_cast<double>(item % 5));
  return model;
}

double exact_score(const Fixture& model, std::size_t user, std::uint32_t item) {
  double score =
      model.users.row(static_cast<Eigen::Index>(user)).cast<double>().dot(model.items.row(item).cast<double>());
  if (model.has_biases) score += 3.0 + model.user_biases[user] + model.item_biases[item];
  return score;
}

RankedLists brute_force(const Fixture& model, std::span<const std::uint32_t> users, std::size_t k, bool exclude_seen) {
  RankedLists lists;
  for (const std::uint32_t user : users) {
    const auto* first = model.seen_items.data() + model.seen_offsets[user];
    const auto* last = model.seen_items.data() + model.seen_offsets[user + 1];
    std::vector<ScoredItem> all;
    for (std::uint32_t item = 0; item < model.items.rows(); ++item) {
      if (exclude_seen && std::find(first, last, item) != last) continue;
      all.push_back({static_cast<float>(exact_score(model, user, item)), item});
    }
    std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
    all.resize(std::min(k, all.size()));
    lists.push_back(all);
  }
  return lists;
}

/// This rank's items, with a few in the head.
ShardedItems dealt_index(const Communicator& world, const Fixture& model) {
  const auto count = static_cast<std::size_t>(model.items.rows());
  ItemDealer dealer({world.rank(), world.size()}, count, static_cast<int>(model.items.cols()), 1, 8);
  dealer.add(model.items.data(), count, model.has_biases ? std::span(model.item_biases) : std::span<const double>(), 1);
  return index_items(std::move(dealer).finish(), 1, 1);
}

/// What the ranks find together; empty but on rank 0.
RankedLists by_shards(const Communicator& world, const Fixture& model, std::span<const std::uint32_t> users,
                      std::size_t k, bool exclude_seen) {
  const ShardMap user_map = ShardMap::even(static_cast<std::uint64_t>(model.users.rows()), world.size());
  const RowRange mine = user_map.range(world.rank());
  std::vector<std::uint64_t> offsets(model.seen_offsets.begin() + static_cast<std::ptrdiff_t>(mine.begin),
                                     model.seen_offsets.begin() + static_cast<std::ptrdiff_t>(mine.end) + 1);
  const std::span<const std::uint32_t> seen =
      std::span(model.seen_items).subspan(offsets.front(), offsets.back() - offsets.front());
  for (std::uint64_t& offset : offsets) offset -= model.seen_offsets[mine.begin];

  UsersView own;
  own.count = mine.size();
  own.factors = 4;
  own.rows = model.users.data() + mine.begin * 4;
  own.mean = 3.0;
  own.biases = std::span(model.user_biases).subspan(mine.begin, mine.size());
  own.has_biases = model.has_biases;
  own.seen_offsets = offsets;
  own.seen_items = seen;
  const Queries queries = gather_queries(world, user_map, own, users, exclude_seen);
  const ShardedItems items = dealt_index(world, model);
  return sharded_top_k(world, {kernel_table("portable"), items, 1}, queries, k);
}

void expect_brute_force(const Fixture& model, std::size_t k, bool exclude_seen) {
  const auto world = Communicator::world();
  std::vector<std::uint32_t> users(static_cast<std::size_t>(model.users.rows()));
  std::iota(users.begin(), users.end(), 0U);

  const RankedLists lists = by_shards(world, model, users, k, exclude_seen);

  if (world.is_root()) {
    EXPECT_EQ(lists, brute_force(model, users, k, exclude_seen));
  } else {
    EXPECT_EQ(lists.size(), 0U);
  }
}

TEST(ShardedTopKTest, equals_brute_force_with_ties_across_shards) {
  expect_brute_force(integer_model(23, 57, 1), 10, true);
  expect_brute_force(integer_model(23, 57, 1), 10, false);
}

TEST(ShardedTopKTest, equals_brute_force_with_biases) {
  Fixture model = integer_model(11, 40, 2);
  model.has_biases = true;

  expect_brute_force(model, 7, true);
}

TEST(ShardedTopKTest, all_equal_items_come_in_index_order) {
  Fixture model = integer_model(5, 30, 3);
  model.items.setOnes();

  expect_brute_force(model, 12, true);
}

TEST(ShardedTopKTest, k_of_one_and_k_beyond_the_items) {
  expect_brute_force(integer_model(9, 21, 4), 1, true);
  expect_brute_force(integer_model(9, 21, 4), 1000, true);
}

TEST(ShardedTopKTest, more_ranks_than_items_and_users) {
  expect_brute_force(integer_model(2, 2, 5), 3, false);
  expect_brute_force(integer_model(1, 1, 6), 1, false);
}

TEST(ShardedTopKTest, everything_seen_but_one_gives_that_one) {
  Fixture model = integer_model(4, 20, 7);
  model.seen_items.clear();
  model.seen_offsets.assign(1, 0);
  for (std::uint32_t user = 0; user < 4; ++user) {
    for (std::uint32_t item = 0; item < 20; ++item) {
      if (item != 6 * user) model.seen_items.push_back(item);
    }
    model.seen_offsets.push_back(model.seen_items.size());
  }

  expect_brute_force(model, 5, true);
}

TEST(ShardedTopKTest, answers_some_users_in_the_order_asked) {
  const auto world = Communicator::world();
  const Fixture model = integer_model(23, 57, 8);
  const std::vector<std::uint32_t> users{0, 7, 8, 22};

  const RankedLists lists = by_shards(world, model, users, 4, true);

  if (world.is_root()) {
    EXPECT_EQ(lists, brute_force(model, users, 4, true));
  }
}

TEST(GatherIdsTest, brings_ids_of_all_owners_in_order) {
  const auto world = Communicator::world();
  const std::vector<std::string> all{"a", "bb", "", "ccc", "d", "e"};
  const ShardMap map = ShardMap::even(all.size(), world.size());
  IdList own;
  for (std::uint64_t row = map.range(world.rank()).begin; row < map.range(world.rank()).end; ++row)
    own.push_back(all[row]);

  const IdList ids = gather_ids(world, map, own, std::vector<std::uint32_t>{1, 3, 5});

  ASSERT_EQ(ids.size(), 3U);
  EXPECT_EQ(ids[0], "bb");
  EXPECT_EQ(ids[1], "ccc");
  EXPECT_EQ(ids[2], "e");
}

}  // namespace
}  // namespace alsace::mpi
