#include "mpi/serving/sharded_search.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <random>

#include <gtest/gtest.h>

#include "mpi/comm/collectives.hpp"
#include "src/ranking/scorer.hpp"

/// Searches of head and parts beside brute force over all items, bit for bit.
namespace alsace::mpi {
namespace {

constexpr int factors = 16;

/// Items and who asks for them.
struct Catalogue {
  FactorMatrix items;
  std::vector<double> biases;
  FactorMatrix users;
  std::vector<double> offsets;
};

FactorMatrix gaussian(Eigen::Index rows, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  return FactorMatrix::NullaryExpr(rows, factors, [&] { return normal(random); });
}

/// Norms that differ little, log-normal with σ = 0.32: the hard case.
FactorMatrix narrow_norms(Eigen::Index items) {
  FactorMatrix rows = gaussian(items, 1);
  std::mt19937 random(2);
  std::normal_distribution<float> normal;
  for (Eigen::Index i = 0; i < items; ++i) rows.row(i) *= std::exp(0.32F * normal(random)) / rows.row(i).norm();
  return rows;
}

/// Norms that follow popularity, as ALS trains them, and popularity the index.
FactorMatrix wide_norms(Eigen::Index items) {
  FactorMatrix rows = gaussian(items, 3);
  for (Eigen::Index i = 0; i < items; ++i)
    rows.row(i) *= std::pow(static_cast<float>(i + 1), -0.4F) / rows.row(i).norm();
  return rows;
}

/// Norms that are all the same number.
FactorMatrix equal_norms(Eigen::Index items) {
  return gaussian(items, 4).unaryExpr([](float value) { return value < 0 ? -0.5F : 0.5F; });
}

Catalogue catalogue(FactorMatrix items, Eigen::Index users) {
  return {std::move(items), {}, gaussian(users, 5), {}};
}

Catalogue with_biases(Catalogue plain) {
  std::mt19937 random(6);
  std::normal_distribution<double> normal;
  plain.biases.resize(static_cast<std::size_t>(plain.items.rows()));
  plain.offsets.resize(static_cast<std::size_t>(plain.users.rows()));
  for (double& bias : plain.biases) bias = normal(random);
  for (double& offset : plain.offsets) offset = 3 + normal(random);
  return plain;
}

Queries queries_of(const Catalogue& catalogue) {
  Queries queries;
  queries.count = static_cast<std::size_t>(catalogue.users.rows());
  queries.factors = factors;
  queries.rows.assign(catalogue.users.data(), catalogue.users.data() + catalogue.users.size());
  queries.offsets = catalogue.offsets;
  queries.excluded_offsets.assign(queries.count + 1, 0);
  return queries;
}

DealtItems dealt_to(const ItemDeal& deal, const Catalogue& catalogue, std::size_t head_items) {
  const auto count = static_cast<std::size_t>(catalogue.items.rows());
  ItemDealer dealer(deal, count, factors, 4, head_items);
  dealer.add(catalogue.items.data(), count, catalogue.biases, 1);
  return std::move(dealer).finish();
}

RankedLists brute_force(const Catalogue& catalogue, const Queries& queries, std::size_t k) {
  const ItemBlock all{catalogue.items.data(), catalogue.biases, 0, static_cast<std::size_t>(catalogue.items.rows())};
  return top_k_of_block(kernel_table("portable"), queries, all, k, 1);
}

class ShardedSearchTest : public testing::Test {
 protected:
  /// With heads of several sizes, since lists must not depend on them.
  void expect_brute_force(const Catalogue& catalogue, const Queries& queries, std::size_t k) const {
    const ItemDeal deal{world_.rank(), world_.size()};
    RankedLists expected;
    if (world_.is_root()) expected = brute_force(catalogue, queries, k);
    for (const std::size_t head_items : {std::size_t{0}, std::size_t{1}, std::size_t{200}, std::size_t{4096}}) {
      const ShardedItems items = index_items(dealt_to(deal, catalogue, head_items), 4, 1);

      const RankedLists lists = sharded_top_k(world_, {kernel_table("portable"), items, 1}, queries, k);

      EXPECT_EQ(lists, expected) << head_items << " items in the head, k = " << k;
    }
  }
  void expect_brute_force(const Catalogue& catalogue) const {
    for (const std::size_t k : {1U, 10U, 300U, 5000U}) expect_brute_force(catalogue, queries_of(catalogue), k);
  }

  Communicator world_ = Communicator::world();
};

TEST_F(ShardedSearchTest, equals_brute_force_whatever_the_norms) {
  expect_brute_force(catalogue(narrow_norms(3000), 250));
  expect_brute_force(catalogue(wide_norms(3000), 250));
  expect_brute_force(catalogue(equal_norms(3000), 250));
}

TEST_F(ShardedSearchTest, equals_brute_force_with_biases) {
  expect_brute_force(with_biases(catalogue(narrow_norms(3000), 40)));
  expect_brute_force(with_biases(catalogue(wide_norms(3000), 40)));
}

TEST_F(ShardedSearchTest, equal_items_come_by_index_from_head_and_parts) {
  expect_brute_force(catalogue(FactorMatrix::Ones(900, factors), 21));
  expect_brute_force(catalogue(FactorMatrix::Zero(900, factors), 21));

  Catalogue twice = catalogue(narrow_norms(1200), 21);
  twice.items.bottomRows(600) = twice.items.topRows(600);
  expect_brute_force(twice);
}

TEST_F(ShardedSearchTest, few_items_and_few_queries_are_enough_for_many_ranks) {
  for (const Eigen::Index items : {0, 1, 2, 7}) {
    for (const Eigen::Index users : {0, 1, 2}) expect_brute_force(catalogue(narrow_norms(items), users));
  }
  expect_brute_force(catalogue(narrow_norms(3000), 1));
}

TEST_F(ShardedSearchTest, honours_what_each_query_takes) {
  const Catalogue all = with_biases(catalogue(narrow_norms(3000), 250));
  Queries queries = queries_of(all);
  for (std::uint32_t q = 0; q < 250; ++q) queries.takes.push_back(q % 4 == 0 ? std::min(q, 100U) : q % 3);

  expect_brute_force(all, queries, 100);
}

TEST_F(ShardedSearchTest, leaves_out_what_is_excluded) {
  const Catalogue all = catalogue(wide_norms(3000), 60);
  Queries queries = queries_of(all);
  queries.excluded_offsets.assign(1, 0);
  for (std::uint32_t q = 0; q < 60; ++q) {
    // The first ones, which are the head; every third; all but one.
    for (std::uint32_t item = 0; item < 3000; ++item) {
      if (q % 3 == 0 ? item < 10 * q : (q % 3 == 1 ? item % 3 == 0 : item != 40 * q))
        queries.excluded_items.push_back(item);
    }
    queries.excluded_offsets.push_back(queries.excluded_items.size());
  }

  for (const std::size_t k : {1U, 10U, 300U}) expect_brute_force(all, queries, k);
}

TEST_F(ShardedSearchTest, keeps_to_what_is_allowed_in_the_head_the_parts_or_both) {
  const Catalogue all = with_biases(catalogue(wide_norms(3000), 64));
  const auto set = [](std::uint32_t begin, std::uint32_t end, std::uint32_t step) {
    std::vector<std::uint32_t> items;
    for (std::uint32_t item = begin; item < end; item += step) items.push_back(item);
    return std::make_shared<const std::vector<std::uint32_t>>(items);
  };
  // With wide norms and an index that follows them, the head is about the first ones; short lists and long ones.
  const std::vector<ItemSet> sets{set(0, 40, 1),     set(0, 3000, 2),  set(2900, 2950, 1), set(1500, 3000, 1), nullptr,
                                  set(0, 3000, 300), set(150, 250, 1), set(0, 0, 1),       set(2999, 3000, 1)};
  Queries queries = queries_of(all);
  for (std::size_t q = 0; q < 64; ++q) {
    queries.allowed.push_back(sets[q % sets.size()]);
    queries.excluded_items.push_back(static_cast<std::uint32_t>(q));
    queries.excluded_offsets[q + 1] = q + 1;
  }

  for (const std::size_t k : {1U, 10U, 300U, 5000U}) expect_brute_force(all, queries, k);
}

/// What all ranks together rescore, to what one rank with all items does.
double times_rescored(const Communicator& world, const Catalogue& all, std::size_t head_items) {
  const Queries queries = queries_of(all);
  SearchCounts counts;
  const ShardedItems items = index_items(dealt_to({world.rank(), world.size()}, all, head_items), 1, 1);
  const RankedLists lists = sharded_top_k(world, {kernel_table("portable"), items, 1}, queries, 10, &counts);
  const std::uint64_t rescored = all_reduce_sum(world, counts.rescored);
  if (!world.is_root()) return 0;
  const ShardedItems whole = index_items(dealt_to({}, all, 0), 1, 1);
  IndexSearch alone(kernel_table("portable"), whole.part, queries, 10, {});
  EXPECT_EQ(lists, alone.finish());
  return static_cast<double>(rescored) / static_cast<double>(alone.counts().rescored);
}

TEST_F(ShardedSearchTest, ranks_together_rescore_little_more_than_one) {
  // Without a head 4 ranks rescore 1.8 and 2.0 times as much; with a small one that alone is shared, 1.35 times.
  const std::size_t usual = ItemDeal{world_.rank(), world_.size()}.head_items();
  for (const std::size_t head_items : {usual, std::min(usual, std::size_t{200})}) {
    EXPECT_LE(times_rescored(world_, catalogue(narrow_norms(40000), 256), head_items), 1.2) << head_items;
    EXPECT_LE(times_rescored(world_, catalogue(wide_norms(40000), 256), head_items), 1.2) << head_items;
  }
}

TEST(NextSharingTest, comes_after_four_times_as_many_items_as_before) {
  const SharingCosts costs{4096, 996'000, 4, 128, 10};

  EXPECT_EQ(next_sharing(costs, 4096, 1024), 16384U);
  EXPECT_EQ(next_sharing(costs, 16384, 1024), 65536U);
  EXPECT_EQ(next_sharing(costs, 65536, 1024), 262'144U);
  EXPECT_EQ(next_sharing(costs, 262'144, 1024), std::nullopt) << "too little is left";
}

TEST(NextSharingTest, waits_until_lists_can_be_full) {
  EXPECT_EQ(next_sharing({4096, 996'000, 4, 128, 10'000}, 4096, 1024), 40'000U);
}

TEST(NextSharingTest, begins_somewhere_without_a_head_and_wanted_items) {
  EXPECT_EQ(next_sharing({0, 996'000, 4, 128, 0}, 0, 1024), 16384U);
}

TEST(NextSharingTest, has_to_be_worth_it) {
  EXPECT_EQ(next_sharing({4096, 996'000, 4, 128, 10}, 4096, 0), std::nullopt) << "all queries are done";
  EXPECT_EQ(next_sharing({4096, 996'000, 4, 128, 10}, 4096, 64), 65536U) << "before, it spares too little";
  EXPECT_EQ(next_sharing({4096, 996'000, 4, 128, 10}, 4096, 1), std::nullopt);
  EXPECT_EQ(next_sharing({4096, 50'000'000, 4, 128, 10}, 4096, 1), 1'048'576U) << "a scan long enough for one query";
  EXPECT_EQ(next_sharing({0, 1'000'000, 1, 128, 10}, 0, 1024), std::nullopt) << "nobody to tell";
  EXPECT_EQ(next_sharing({4096, 0, 4, 128, 10}, 4096, 1024), std::nullopt) << "all is in the head";
}

}  // namespace
}  // namespace alsace::mpi
