#include "mpi/serving/dealt_items.hpp"

#include <algorithm>
#include <numeric>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mpi/serving/sharded_items.hpp"

namespace alsace::mpi {
namespace {

constexpr int factors = 3;

FactorMatrix small_integers(Eigen::Index items) {
  std::mt19937 random(5);
  return FactorMatrix::NullaryExpr(items, factors,
                                   [&] { return static_cast<float>(static_cast<int>(random() % 5) - 2); });
}

std::vector<double> some_biases(std::size_t items) {
  std::vector<double> biases(items);
  for (std::size_t i = 0; i < items; ++i) biases[i] = 0.5 * static_cast<double>(i % 7) - 1;
  return biases;
}

DealtItems deal(const FactorMatrix& items, std::span<const double> biases, const ItemDeal& to, std::size_t head_items,
                std::size_t window) {
  const auto count = static_cast<std::size_t>(items.rows());
  ItemDealer dealer(to, count, factors, 2, head_items);
  for (std::size_t begin = 0; begin < count; begin += window) {
    const std::size_t size = std::min(window, count - begin);
    dealer.add(items.data() + begin * factors, size, biases.empty() ? biases : biases.subspan(begin, size), 1);
  }
  return std::move(dealer).finish();
}

/// Those that come first by 2 · ‖y‖ + bias, then by index; ascending.
std::vector<std::uint32_t> expected_head(const FactorMatrix& items, std::span<const double> biases, std::size_t most) {
  std::vector<std::uint32_t> order(static_cast<std::size_t>(items.rows()));
  std::iota(order.begin(), order.end(), 0U);
  const std::vector<double> reach = reach_of({items.data(), order.size(), factors, {}, biases, 2}, 1);
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return reach[a] > reach[b]; });
  order.resize(std::min(most, order.size()));
  std::sort(order.begin(), order.end());
  return order;
}

void expect_rows(const ItemRows& some, const FactorMatrix& items, std::span<const double> biases) {
  ASSERT_EQ(static_cast<std::size_t>(some.rows.rows()), some.ids.size());
  ASSERT_EQ(some.biases.size(), biases.empty() ? 0 : some.ids.size());
  EXPECT_TRUE(std::is_sorted(some.ids.begin(), some.ids.end()));
  for (std::size_t i = 0; i < some.ids.size(); ++i) {
    EXPECT_EQ(some.rows.row(static_cast<Eigen::Index>(i)), items.row(some.ids[i]));
    if (!biases.empty()) {
      EXPECT_EQ(some.biases[i], biases[some.ids[i]]);
    }
  }
}

void expect_deal(const FactorMatrix& items, std::span<const double> biases, int ranks, std::size_t head_items) {
  const std::vector<std::uint32_t> head = expected_head(items, biases, head_items);
  std::vector<std::uint32_t> all = head;
  for (int rank = 0; rank < ranks; ++rank) {
    const DealtItems dealt = deal(items, biases, {rank, ranks}, head_items, 8 + static_cast<std::size_t>(rank));

    EXPECT_EQ(dealt.head.ids, head);
    EXPECT_EQ(dealt.dealt, static_cast<std::size_t>(items.rows()) - head.size());
    EXPECT_THAT(dealt.part.ids, testing::Each(testing::Truly([&](auto item) {
                  return ItemDeal{rank, ranks}.owns(item);
                })));
    expect_rows(dealt.head, items, biases);
    expect_rows(dealt.part, items, biases);
    all.insert(all.end(), dealt.part.ids.begin(), dealt.part.ids.end());
  }
  std::sort(all.begin(), all.end());
  std::vector<std::uint32_t> each(static_cast<std::size_t>(items.rows()));
  std::iota(each.begin(), each.end(), 0U);
  EXPECT_EQ(all, each);
}

TEST(ItemDealerTest, all_ranks_find_the_same_head_and_every_other_item_is_in_one_part) {
  const FactorMatrix items = small_integers(60);  // many norms are equal
  for (const int ranks : {1, 2, 3, 5, 70}) {
    for (const std::size_t head_items : {0U, 1U, 17U, 59U, 60U, 4096U}) expect_deal(items, {}, ranks, head_items);
  }
}

TEST(ItemDealerTest, biases_go_with_the_items_and_count_in_what_they_can_score) {
  const FactorMatrix items = small_integers(60);

  expect_deal(items, some_biases(60), 3, 17);
}

TEST(ItemDealerTest, items_that_can_score_the_same_come_by_index) {
  const FactorMatrix ones = FactorMatrix::Ones(20, factors);

  EXPECT_THAT(deal(ones, {}, {1, 2}, 5, 7).head.ids, testing::ElementsAre(0, 1, 2, 3, 4));
}

TEST(ItemDealerTest, no_items_are_dealt_to_nobody) {
  const DealtItems dealt = deal(FactorMatrix(0, factors), {}, {1, 2}, 5, 7);

  EXPECT_TRUE(dealt.head.ids.empty());
  EXPECT_TRUE(dealt.part.ids.empty());
  EXPECT_EQ(dealt.dealt, 0U);
}

TEST(ShardedItemsTest, finds_what_a_rank_holds) {
  const FactorMatrix items = small_integers(60);
  const std::vector<double> biases = some_biases(60);
  const ItemDeal to{1, 3};
  const ShardedItems held = index_items(deal(items, biases, to, 17, 60), 2, 1);
  const std::vector<std::uint32_t> head = expected_head(items, biases, 17);

  EXPECT_TRUE(held.head.has_biases());
  EXPECT_TRUE(held.part.has_biases());
  for (std::uint32_t item = 0; item < 60; ++item) {
    const auto found = held.find(item);
    ASSERT_EQ(found.has_value(), to.owns(item) || std::binary_search(head.begin(), head.end(), item));
    if (!found) continue;
    EXPECT_THAT(found->row(), testing::ElementsAreArray(items.row(item).data(), factors));
    EXPECT_EQ(found->bias(), biases[item]);
  }
}

TEST(ShardedItemsTest, counts_are_of_the_same_items) {
  const ShardedItems held = index_items(deal(small_integers(60), {}, {1, 3}, 17, 60), 1, 1);
  std::vector<std::uint32_t> counts(60);
  std::iota(counts.begin(), counts.end(), 100U);

  const ShardedItems counted = index_counts(counts, held);

  EXPECT_EQ(counted.head.count(), 17U);
  EXPECT_EQ(counted.count(), held.count());
  EXPECT_EQ(counted.dealt, 43U);
  for (std::uint32_t item = 0; item < 60; ++item) {
    const auto found = counted.find(item);
    ASSERT_EQ(found.has_value(), held.find(item).has_value());
    if (!found) continue;
    EXPECT_THAT(found->row(), testing::ElementsAre(static_cast<float>(100 + item)));
  }
}

}  // namespace
}  // namespace alsace::mpi
