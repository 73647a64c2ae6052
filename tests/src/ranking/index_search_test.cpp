#include "src/ranking/index_search.hpp"

#include <cfloat>
#include <cstdlib>
#include <functional>
#include <numeric>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "src/error.hpp"
#include "src/ranking/item_index.hpp"
#include "tests/support/ranking_data.hpp"

namespace alsace {
namespace {

using test::factor_rows;
using test::queries_of;

std::vector<double> biases_of(std::size_t count, double size, unsigned seed) {
  std::mt19937_64 engine(seed);
  std::normal_distribution<double> normal(0, size);
  std::vector<double> biases(count);
  for (double& bias : biases) bias = normal(engine);
  return biases;
}

ItemIndex index_of(const FactorMatrix& items, std::span<const double> biases = {}, int threads = 1) {
  return {{items.data(), static_cast<std::size_t>(items.rows()), static_cast<int>(items.cols()), {}, biases}, threads};
}

ItemBlock block_of(const FactorMatrix& items, std::span<const double> biases = {}) {
  return {items.data(), biases, 0, static_cast<std::size_t>(items.rows())};
}

/// The first query whose list is another than brute force's, or "".
std::string first_difference(const RankedLists& actual, const RankedLists& expected) {
  if (actual.size() != expected.size()) return "another number of lists";
  for (std::size_t q = 0; q < actual.size(); ++q) {
    const auto a = actual[q];
    const auto e = expected[q];
    if (std::equal(a.begin(), a.end(), e.begin(), e.end())) continue;
    const auto [at, wanted] = std::mismatch(a.begin(), a.end(), e.begin(), e.end());
    const auto text = [](auto from, auto end) {
      return from == end ? std::string("nothing") : fmt::format("item {} with {}", from->item, from->score);
    };
    return fmt::format("query {}, place {}: {}, expected {}", q, at - a.begin(), text(at, a.end()),
                       text(wanted, e.end()));
  }
  return "";
}

class IndexSearchTest : public testing::TestWithParam<std::string_view> {
 protected:
  /// Searches one by one and in a batch, with one thread and two, and holds each to brute force.
  void expect_exact(const FactorMatrix& items, const Queries& queries, std::size_t k,
                    std::span<const double> biases = {}) {
    const ItemIndex index = index_of(items, biases);
    const RankedLists expected = top_k_of_block(kernels_, queries, block_of(items, biases), k, 1);
    for (const bool prune : {true, false}) {
      const SearchOptions options{1, prune};
      EXPECT_EQ(first_difference(top_k_of_index(kernels_, index, queries, k, options), expected), "")
          << "K = " << items.cols() << ", k = " << k << ", prune = " << prune;
    }
  }

  const KernelTable& kernels_ = kernel_table(GetParam());
};

TEST_P(IndexSearchTest, gives_what_brute_force_gives) {
  for (const int factors : {1, 16, 31, 64, 100, 128, 256}) {
    for (const bool narrow : {true, false}) {
      const FactorMatrix items = factor_rows(3000, factors, narrow, 1);
      const Queries queries = queries_of(factor_rows(40, factors, true, 2));
      for (const std::size_t k : {1UL, 10UL, 100UL, 1000UL}) expect_exact(items, queries, k);
    }
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
  for (const Adversary& adversary : adversaries()) {
    for (const int factors : {1, 20, 64}) {
      for (const Eigen::Index count : {Eigen::Index{700}, Eigen::Index{3}, Eigen::Index{65}}) {
        SCOPED_TRACE(fmt::format("{}, {} items", adversary.name, count));
        FactorMatrix items = factor_rows(count, factors, true, 11);
        FactorMatrix rows = factor_rows(15, factors, true, 12);
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
  // Sorted by norm, the item with index 0 comes last of those that score the same.
  FactorMatrix items = FactorMatrix::Zero(2000, 16);
  for (Eigen::Index i = 0; i < 2000; ++i) {
    items(i, 0) = 1;
    items(i, 1) = 1 + static_cast<float>(i) / 2000;
  }
  FactorMatrix rows = FactorMatrix::Zero(1, 16);
  rows(0, 0) = 1;

  const RankedLists lists = top_k_of_index(kernels_, index_of(items), queries_of(rows), 3, {});

  EXPECT_EQ(lists.items, (std::vector<ScoredItem>{{1, 0}, {1, 1}, {1, 2}}));
}

TEST_P(IndexSearchTest, empty_sets_give_empty_lists) {
  const FactorMatrix items = factor_rows(100, 8, true, 15);
  const FactorMatrix none(0, 8);
  const Queries queries = queries_of(factor_rows(2, 8, true, 16));

  EXPECT_EQ(top_k_of_index(kernels_, index_of(none), queries, 10, {}).offsets, (std::vector<std::uint64_t>{0, 0, 0}));
  EXPECT_EQ(top_k_of_index(kernels_, index_of(items), queries, 0, {}).offsets, (std::vector<std::uint64_t>{0, 0, 0}));
  EXPECT_EQ(top_k_of_index(kernels_, index_of(items), queries_of(none), 10, {}).size(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Levels, IndexSearchTest, testing::ValuesIn(supported_kernel_levels()),
                         [](const auto& each) { return std::string(each.param); });

}  // namespace
}  // namespace alsace
