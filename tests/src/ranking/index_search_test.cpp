#include "src/ranking/index_search.hpp"

#include <cfloat>
#include <functional>
#include <memory>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "src/error.hpp"
#include "src/ranking/item_index.hpp"
#include "tests/support/ranking_data.hpp"
#include "tests/support/ranking_search.hpp"

namespace alsace {
namespace {

using test::block_of;
using test::factor_rows;
using test::first_difference;
using test::index_of;
using test::queries_of;

std::vector<double> biases_of(std::size_t count, double size, unsigned seed) {
  std::mt19937_64 engine(seed);
  std::normal_distribution<double> normal(0, size);
  std::vector<double> biases(count);
  for (double& bias : biases) bias = normal(engine);
  return biases;
}

class IndexSearchTest : public testing::TestWithParam<std::string_view> {
 protected:
  /// Searches with and without pruning and holds both to brute force.
  void expect_exact(const FactorMatrix& items, const Queries& queries, std::size_t k,
                    std::span<const double> biases = {}) {
    const RankedLists expected = top_k_of_block(kernels_, queries, block_of(items, biases), k, 1);
    expect_lists(index_of(items, biases), queries, k, expected);
  }

  void expect_lists(const ItemIndex& index, const Queries& queries, std::size_t k, const RankedLists& expected) {
    for (const bool prune : {true, false}) {
      SearchOptions options;
      options.prune = prune;
      EXPECT_EQ(first_difference(top_k_of_index(kernels_, index, queries, k, options), expected), "")
          << "K = " << index.factors() << ", k = " << k << ", prune = " << prune;
    }
  }

  const KernelTable& kernels_ = kernel_table(GetParam());
};

TEST_P(IndexSearchTest, a_query_of_zeros_is_answered_by_ids_and_costs_nothing) {
  const FactorMatrix items = factor_rows(20'000, 64, true, 40);
  Queries queries = queries_of(FactorMatrix::Zero(4, 64));
  const ItemIndex index = index_of(items);
  IndexSearch search(kernels_, index, queries, 10, {});

  const RankedLists lists = search.finish();

  EXPECT_EQ(first_difference(lists, top_k_of_block(kernels_, queries, block_of(items), 10, 1)), "");
  EXPECT_EQ(search.counts().scanned + search.counts().rescored, 0U);
  test::add_filters(queries, 20'000, 41);
  expect_exact(items, queries, 300);
  queries.offsets.assign(queries.count, -0.5);
  expect_exact(items, queries, 300);
  expect_exact(items, queries, 300, biases_of(20'000, 0.1, 42));
}

TEST_P(IndexSearchTest, gives_what_brute_force_gives_from_principal_parts) {
  for (const int factors : {64, 100, 128}) {
    const FactorMatrix items = factor_rows(20'000, factors, true, 17);
    const std::vector<double> biases = biases_of(20'000, 0.1, 18);
    Queries queries = queries_of(factor_rows(30, factors, true, 19));
    ASSERT_FALSE(index_of(items).basis().empty());
    for (const std::size_t k : {1UL, 3UL, 10UL}) expect_exact(items, queries, k);
    test::add_filters(queries, 20'000, 20);
    expect_exact(items, queries, 3);
    queries.offsets.assign(queries.count, 0.7);
    expect_exact(items, queries, 3, biases);
    expect_exact(items, queries_of(factor_rows(1, factors, true, 22)), 1);
  }
}

TEST_P(IndexSearchTest, queries_that_principal_parts_tell_nothing_about_go_back_to_whole_rows) {
  const FactorMatrix items = factor_rows(40'000, 64, true, 35);
  FactorMatrix rows = FactorMatrix::Zero(20, 64);
  rows.rightCols(20).setIdentity();  // where items are shortest
  const Queries queries = queries_of(rows);
  const ItemIndex index = index_of(items);
  ASSERT_FALSE(index.basis().empty());
  IndexSearch search(kernels_, index, queries, 1, {});

  EXPECT_EQ(first_difference(search.finish(), top_k_of_block(kernels_, queries, block_of(items), 1, 1)), "");
  EXPECT_LT(search.counts().rescored, queries.count * index.count() / 4);
}

TEST_P(IndexSearchTest, one_query_at_a_time_gives_the_lists_of_a_batch) {
  const FactorMatrix items = factor_rows(5000, 40, true, 21);
  const FactorMatrix rows = factor_rows(33, 40, true, 22);
  const RankedLists expected = top_k_of_block(kernels_, queries_of(rows), block_of(items), 10, 1);
  const ItemIndex index = index_of(items);
  for (const Eigen::Index batch : {1, 2, 3, 5, 9, 12, 13, 33}) {
    RankedLists lists;
    for (Eigen::Index first = 0; first < rows.rows(); first += batch) {
      const FactorMatrix some = rows.middleRows(first, std::min(batch, rows.rows() - first));
      const RankedLists part = top_k_of_index(kernels_, index, queries_of(some), 10, {});
      for (std::size_t q = 0; q < part.size(); ++q) lists.push_back(part[q]);
    }
    EXPECT_EQ(first_difference(lists, expected), "") << batch << " at a time";
  }
}

TEST_P(IndexSearchTest, gives_what_brute_force_gives_with_biases) {
  for (const int factors : {1, 31, 64, 128}) {
    for (const double size : {0.0, 1e-30, 0.3, 1e5}) {
      const FactorMatrix items = factor_rows(3000, factors, true, 3);
      const std::vector<double> biases = biases_of(3000, size, 4);
      Queries queries = queries_of(factor_rows(20, factors, true, 5));
      for (std::size_t q = 0; q < queries.count; ++q) queries.offsets.push_back(3.5 + 0.1 * static_cast<double>(q));
      for (const std::size_t k : {1UL, 10UL, 100UL}) expect_exact(items, queries, k, biases);
      expect_exact(items, queries, 10);  // offsets, and items without biases
      queries.offsets.clear();
      expect_exact(items, queries, 10, biases);  // biases that are not asked for
    }
  }
}

TEST_P(IndexSearchTest, answers_filtered_queries_as_brute_force_does) {
  for (const bool with_biases : {false, true}) {
    const FactorMatrix items = factor_rows(4000, 48, true, 6);
    const std::vector<double> biases = biases_of(4000, 0.2, 7);
    Queries queries = queries_of(factor_rows(120, 48, true, 8));
    if (with_biases) queries.offsets = biases_of(queries.count, 1, 9);
    test::add_filters(queries, 4000, 10);
    for (const std::size_t k : {1UL, 10UL, 100UL, 5000UL})
      expect_exact(items, queries, k, with_biases ? std::span<const double>(biases) : std::span<const double>());
  }
}

struct Adversary {
  const char* name;
  std::function<void(FactorMatrix& items, FactorMatrix& queries)> make;
};

const std::vector<Adversary>& adversaries() {
  static const std::vector<Adversary> all{
      {"all_equal_items", [](auto& items, auto& /*queries*/) { items.rowwise() = items.row(0).eval(); }},
      {"zero_items", [](auto& items, auto& /*queries*/) { items.setZero(); }},
      {"zero_queries", [](auto& /*items*/, auto& queries) { queries.setZero(); }},
      {"subnormal_items", [](auto& items, auto& /*queries*/) { items *= 1e-41F; }},
      {"subnormal_queries", [](auto& /*items*/, auto& queries) { queries *= 1e-41F; }},
      {"subnormal_products",
       [](auto& items, auto& queries) {
         items *= 1e-22F;
         queries *= 1e-22F;
       }},
      {"both_subnormal",
       [](auto& items, auto& queries) {
         items *= 1e-44F;
         queries *= 1e-44F;
       }},
      {"one_huge_norm", [](auto& items, auto& /*queries*/) { items.row(items.rows() / 2) *= 1e30F; }},
      {"huge_and_tiny",
       [](auto& items, auto& queries) {
         items *= 1e30F;
         queries *= 1e-30F;
       }},
      {"all_huge",
       [](auto& items, auto& queries) {
         items *= 1e17F;
         queries *= 1e17F;
       }},
      {"duplicates",
       [](auto& items, auto& /*queries*/) {
         for (Eigen::Index i = 0; i < items.rows(); ++i) items.row(i) = items.row(i % 50).eval();
       }},
      {"negative_scores",
       [](auto& items, auto& queries) {
         items = items.cwiseAbs();
         queries = -queries.cwiseAbs();
       }},
      {"integers",
       [](auto& items, auto& queries) {
         items = (items * 3).array().round();
         queries = (queries * 3).array().round();
       }},
      {"one_entry",
       [](auto& items, auto& queries) {
         items.rightCols(items.cols() - 1).setZero();
         queries.rightCols(queries.cols() - 1).setZero();
       }},
      {"one_large_entry",
       [](auto& items, auto& queries) {
         items.col(0).array() += 1e4F;
         queries.col(0).array() += 1e4F;
       }},
      {"orthogonal",
       [](auto& items, auto& queries) {
         items.leftCols(items.cols() / 2).setZero();
         queries.rightCols(queries.cols() - queries.cols() / 2).setZero();
       }},
      {"norms_of_all_sizes",
       [](auto& items, auto& /*queries*/) {
         for (Eigen::Index i = 0; i < items.rows(); ++i)
           items.row(i) *= std::ldexp(1.0F, static_cast<int>(i % 200) - 120);
       }},
      {"signed_zeros",
       [](auto& items, auto& queries) {
         items.setConstant(-0.0F);
         queries.row(0).setConstant(-0.0F);
       }},
  };
  return all;
}

TEST_P(IndexSearchTest, gives_what_brute_force_gives_for_adversarial_sets) {
  const auto queries_each = static_cast<Eigen::Index>(test::queries_a_cell());
  for (const Adversary& adversary : adversaries()) {
    for (const int factors : {1, 20, 64}) {
      for (const Eigen::Index count : {Eigen::Index{700}, Eigen::Index{3}, Eigen::Index{65}}) {
        SCOPED_TRACE(fmt::format("{}, {} items", adversary.name, count));
        FactorMatrix items = factor_rows(count, factors, true, 11);
        FactorMatrix rows = factor_rows(queries_each, factors, true, 12);
        adversary.make(items, rows);
        Queries queries = queries_of(rows);
        for (const std::size_t k : {1UL, 10UL, 1000UL}) expect_exact(items, queries, k);
        const std::vector<double> biases = biases_of(static_cast<std::size_t>(count), 0.5, 13);
        queries.offsets.assign(queries.count, 3.0);
        expect_exact(items, queries, 10, biases);
        queries.offsets.clear();
        test::add_filters(queries, static_cast<std::size_t>(count), 14);
        expect_exact(items, queries, 10);
      }
    }
  }
}

TEST_P(IndexSearchTest, an_item_that_ties_with_the_last_of_the_list_wins_by_its_index) {
  // Sorted by norm, the items of the lowest indices come last of those that score the same, and their norms allow them
  // that score and no more.
  FactorMatrix items = FactorMatrix::Zero(2000, 16);
  for (Eigen::Index i = 0; i < 2000; ++i) {
    items(i, 0) = 1;
    items(i, 1) = static_cast<float>(i) / 10'000;
  }
  FactorMatrix rows = FactorMatrix::Zero(1, 16);
  rows(0, 0) = 1;

  const RankedLists lists = top_k_of_index(kernels_, index_of(items), queries_of(rows), 3, {});

  EXPECT_EQ(lists.items, (std::vector<ScoredItem>{{1, 0}, {1, 1}, {1, 2}}));
}

TEST_P(IndexSearchTest, an_allow_list_of_items_that_come_last_costs_little_more_than_its_items) {
  constexpr std::size_t count = 40'000;
  const FactorMatrix items = factor_rows(count, 8, false, 33);
  const ItemIndex index = index_of(items);
  std::vector<std::uint32_t> last;
  for (std::size_t p = count - 4000; p < count; ++p) last.push_back(index.id(p));
  std::sort(last.begin(), last.end());
  Queries queries = queries_of(factor_rows(2, 8, true, 34));
  queries.allowed = {std::make_shared<const std::vector<std::uint32_t>>(last), nullptr};
  const RankedLists expected = top_k_of_block(kernels_, queries, block_of(items), 10, 1);

  for (const int threads : {1, 2}) {
    IndexSearch search(kernels_, index, queries, 10, SearchOptions{threads, true, 0});
    EXPECT_EQ(first_difference(search.finish(), expected), "") << threads << " threads";
    EXPECT_LT(search.counts().rescored, 10'000U);
  }
}

TEST_P(IndexSearchTest, empty_sets_give_empty_lists) {
  const FactorMatrix items = factor_rows(100, 8, true, 15);
  const FactorMatrix none(0, 8);
  const Queries queries = queries_of(factor_rows(2, 8, true, 16));

  EXPECT_EQ(top_k_of_index(kernels_, index_of(none), queries, 10, {}).offsets, (std::vector<std::uint64_t>{0, 0, 0}));
  EXPECT_EQ(top_k_of_index(kernels_, index_of(items), queries, 0, {}).offsets, (std::vector<std::uint64_t>{0, 0, 0}));
  EXPECT_EQ(top_k_of_index(kernels_, index_of(items), queries_of(none), 10, {}).size(), 0U);
}

TEST_P(IndexSearchTest, threads_change_nothing) {
  const FactorMatrix items = factor_rows(40'000, 12, true, 23);
  const std::vector<double> biases = biases_of(40'000, 0.1, 24);
  const ItemIndex index = index_of(items, biases, 2);
  for (const Eigen::Index count : {1, 3, 30, 520}) {  // of the most, two threads share no items, and three do
    Queries queries = queries_of(factor_rows(count, 12, true, 25));
    queries.offsets.assign(queries.count, 1.5);
    test::add_filters(queries, 40'000, 26);
    const RankedLists expected = top_k_of_block(kernels_, queries, block_of(items, biases), 50, 1);
    for (const int threads : {1, 2, 3}) {
      for (const bool prune : {true, false}) {
        const SearchOptions options{threads, prune, 0};
        EXPECT_EQ(first_difference(top_k_of_index(kernels_, index, queries, 50, options), expected), "")
            << count << " queries, " << threads << " threads, prune = " << prune;
      }
    }
  }
}

TEST_P(IndexSearchTest, parts_behind_a_common_head_merge_to_the_lists_of_the_whole) {
  constexpr std::size_t count = 6000;
  const FactorMatrix items = factor_rows(count, 24, true, 27);
  const std::vector<double> biases = biases_of(count, 0.2, 28);
  Queries queries = queries_of(factor_rows(25, 24, true, 29));
  queries.offsets.assign(queries.count, -2.5);
  test::add_filters(queries, count, 30);
  const std::size_t k = 20;
  const RankedLists expected = top_k_of_block(kernels_, queries, block_of(items, biases), k, 1);
  const std::size_t positions[] = {0, 500, 2000};

  for (const std::size_t parts : {1UL, 2UL, 3UL, 5UL}) {
    for (const std::size_t head_size : {0UL, 7UL, 300UL}) {
      const test::Parts dealt(items, biases, head_size, parts);
      EXPECT_EQ(first_difference(dealt.search(kernels_, queries, k, positions), expected), "")
          << parts << " parts, head of " << head_size;
    }
  }
}

TEST_P(IndexSearchTest, a_threshold_keeps_what_scores_as_much_and_nothing_below) {
  const FactorMatrix items = factor_rows(3000, 16, true, 31);
  const Queries queries = queries_of(factor_rows(20, 16, true, 32));
  const RankedLists all = top_k_of_block(kernels_, queries, block_of(items), 40, 1);
  std::vector<float> thresholds;
  RankedLists expected;
  for (std::size_t q = 0; q < queries.count; ++q) {
    thresholds.push_back(all[q][q].score);
    expected.push_back(all[q].first(q + 1));
  }

  const RankedLists lists = top_k_of_index(kernels_, index_of(items), queries, 40, {}, thresholds);

  EXPECT_EQ(first_difference(lists, expected), "");

  const ItemIndex index = index_of(items);
  IndexSearch search(kernels_, index, queries, 40, {});
  search.advance(1000);
  search.raise_thresholds(thresholds);
  EXPECT_EQ(first_difference(search.finish(), expected), "") << "raised on the way";
}

TEST_P(IndexSearchTest, a_query_that_no_item_can_reach_is_done_from_the_beginning) {
  const FactorMatrix items = factor_rows(3000, 16, true, 31);
  const std::vector<double> biases = biases_of(3000, 0.3, 33);
  const ItemIndex index = index_of(items, biases);
  Queries queries = queries_of(factor_rows(20, 16, true, 32));
  queries.offsets.assign(queries.count, 1.5);
  const RankedLists all = top_k_of_block(kernels_, queries, block_of(items, biases), 40, 1);
  std::vector<float> thresholds;
  RankedLists expected;
  for (std::size_t q = 0; q < queries.count; ++q) {
    thresholds.push_back(q % 2 == 0 ? all[q].front().score : 1e6F);
    expected.push_back(all[q].first(q % 2 == 0 ? 1 : 0));
  }

  for (const int threads : {1, 2}) {
    IndexSearch search(kernels_, index, queries, 40, SearchOptions{threads, true, 0}, thresholds);
    EXPECT_EQ(search.unfinished(), 10U);
    EXPECT_EQ(first_difference(search.finish(), expected), "") << threads << " threads";
  }
  IndexSearch none(kernels_, index, queries, 40, {}, std::vector<float>(queries.count, 1e6F));
  EXPECT_EQ(none.finish().items.size(), 0U);
  EXPECT_EQ(none.counts().scanned + none.counts().rescored, 0U);
}

TEST_P(IndexSearchTest, says_how_many_queries_items_that_are_left_can_still_serve) {
  FactorMatrix items = factor_rows(2000, 16, true, 31);
  items.bottomRows(1900) *= 1e-3F;  // nobody wants those
  const ItemIndex index = index_of(items);
  Queries queries = queries_of(factor_rows(4, 16, true, 32));
  const auto few = std::make_shared<const std::vector<std::uint32_t>>(std::vector<std::uint32_t>{1990});
  queries.allowed = {nullptr, nullptr, few, nullptr};
  queries.takes = {10, 1500, 10, 10};

  IndexSearch search(kernels_, index, queries, 1500, {});

  EXPECT_EQ(search.unfinished(), 3U) << "all but the one that is scored by its allow list";
  search.advance(200);
  EXPECT_EQ(search.unfinished(), 1U) << "the one that takes nearly all";
  search.finish();
  EXPECT_EQ(search.unfinished(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Levels, IndexSearchTest, testing::ValuesIn(supported_kernel_levels()),
                         [](const auto& each) { return std::string(each.param); });

}  // namespace
}  // namespace alsace
