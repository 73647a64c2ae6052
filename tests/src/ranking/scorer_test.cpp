#include "src/ranking/scorer.hpp"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

namespace alsace {
namespace {

FactorMatrix random_rows(Eigen::Index rows, Eigen::Index factors, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> value(-1, 1);
  return FactorMatrix::NullaryExpr(rows, factors, [&] { return value(random); });
}

Queries queries_of(const FactorMatrix& rows) {
  Queries queries;
  queries.count = static_cast<std::size_t>(rows.rows());
  queries.factors = static_cast<int>(rows.cols());
  queries.rows.assign(rows.data(), rows.data() + rows.size());
  queries.excluded_offsets.assign(queries.count + 1, 0);
  return queries;
}

ItemBlock block_of(const FactorMatrix& items) {
  return {items.data(), {}, 0, static_cast<std::size_t>(items.rows())};
}

const KernelTable& kernels() {
  return kernel_table("portable");
}

TEST(ScorerTest, adds_biases_in_double_and_rounds_once) {
  // In fp32, 1 + 2^-24 is 1; in double, 1 + 2^-24 + 2^-24 is 1 + 2^-23, the next float.
  const double half_step = 1.0 / (1 << 24);

  EXPECT_EQ(score_of(1.0F, half_step, half_step), 1.0F + 1.0F / (1 << 23));
}

TEST(ScorerTest, finds_what_sorting_all_scores_finds_over_many_tiles) {
  const FactorMatrix items = random_rows(1300, 20, 1);  // more than two tiles
  const FactorMatrix users = random_rows(19, 20, 2);    // more than two groups
  Queries queries = queries_of(users);
  queries.excluded_items = {0, 5, 512, 1299};
  std::fill(queries.excluded_offsets.begin() + 1, queries.excluded_offsets.end(), 4);

  const RankedLists lists = top_k_of_block(kernels(), queries, block_of(items), 50, 2);

  for (std::size_t user = 0; user < queries.count; ++user) {
    std::vector<ScoredItem> all;
    for (std::uint32_t item = 0; item < 1300; ++item) {
      const auto excluded = queries.excluded(user);
      if (std::find(excluded.begin(), excluded.end(), item) != excluded.end()) continue;
      float score = 0;
      kernels().inner_products(users.row(static_cast<Eigen::Index>(user)).data(), 1, items.row(item).data(), 1, 20,
                               &score);
      all.push_back({score, item});
    }
    std::sort(all.begin(), all.end(), ranks_before);
    all.resize(50);
    ASSERT_EQ(std::vector<ScoredItem>(lists[user].begin(), lists[user].end()), all) << "user " << user;
  }
}

TEST(ScorerTest, scores_have_the_same_bits_in_any_shard_batch_and_thread_count) {
  const FactorMatrix items = random_rows(700, 33, 3);
  const FactorMatrix users = random_rows(13, 33, 4);
  std::vector<double> biases(700);
  for (std::size_t i = 0; i < biases.size(); ++i) biases[i] = 0.001 * static_cast<double>(i % 17);
  Queries queries = queries_of(users);
  queries.offsets.assign(13, 3.7);
  const ItemBlock whole{items.data(), biases, 0, 700};
  const RankedLists expected = top_k_of_block(kernels(), queries, whole, 700, 1);

  for (const std::size_t cut : {std::size_t{0}, std::size_t{1}, std::size_t{511}, std::size_t{600}}) {
    const std::span<const double> all_biases(biases);
    const ItemBlock left{items.data(), all_biases.first(cut), 0, cut};
    const ItemBlock right{items.data() + cut * 33, all_biases.subspan(cut), cut, 700 - cut};
    const RankedLists merged = merge_top_k(top_k_of_block(kernels(), queries, left, 700, 2),
                                           top_k_of_block(kernels(), queries, right, 700, 2), 700);
    EXPECT_EQ(merged, expected) << "cut at " << cut;
  }
}

TEST(ScorerTest, excludes_seen_items_within_the_selection_and_still_gives_k) {
  const FactorMatrix items = FactorMatrix::Ones(6, 2);
  Queries queries = queries_of(FactorMatrix::Ones(1, 2));
  queries.excluded_items = {0, 1, 2};
  queries.excluded_offsets = std::vector<std::uint64_t>{0, 3};

  const RankedLists lists = top_k_of_block(kernels(), queries, block_of(items), 3, 1);

  EXPECT_EQ(lists.items, (std::vector<ScoredItem>{{2, 3}, {2, 4}, {2, 5}}));
}

TEST(ScorerTest, everything_seen_but_one_gives_one) {
  const FactorMatrix items = FactorMatrix::Ones(4, 2);
  Queries queries = queries_of(FactorMatrix::Ones(1, 2));
  queries.excluded_items = {0, 1, 3};
  queries.excluded_offsets = std::vector<std::uint64_t>{0, 3};

  EXPECT_EQ(top_k_of_block(kernels(), queries, block_of(items), 10, 1).items, (std::vector<ScoredItem>{{2, 2}}));
}

TEST(ScorerTest, an_empty_block_gives_empty_lists) {
  const Queries queries = queries_of(FactorMatrix::Ones(3, 2));

  const RankedLists lists = top_k_of_block(kernels(), queries, ItemBlock{}, 5, 1);

  EXPECT_EQ(lists.size(), 3U);
  EXPECT_TRUE(lists.items.empty());
}

TEST(UnitRowsTest, scales_to_length_one_and_keeps_zeros) {
  FactorMatrix rows(2, 2);
  rows << 3, 4, 0, 0;

  const FactorMatrix unit = unit_rows(rows);

  EXPECT_EQ(unit(0, 0), 0.6F);
  EXPECT_EQ(unit(0, 1), 0.8F);
  EXPECT_TRUE(unit.row(1).isZero(0));
}

}  // namespace
}  // namespace alsace
