#include <memory>
#include <string>
#include <string_view>
#include <tuple>

#include <gtest/gtest.h>

#include "src/ranking/index_search.hpp"
#include "tests/support/ranking_data.hpp"
#include "tests/support/ranking_search.hpp"

namespace alsace {
namespace {

using test::first_difference;

/// Items of one kind, who asks for them, and what brute force answers, computed once for all levels: scores have the
/// same bits at each.
struct Set {
  FactorMatrix items;
  Queries queries;
  RankedLists expected;
};

constexpr std::size_t most_wanted = 1000;

/// With enough queries to take time also so many items that principal parts are scanned.
Set make_set(int factors, bool narrow) {
  const std::size_t queries = test::queries_a_cell();
  Set set{test::factor_rows(queries > 1000 ? 20'000 : 3000, factors, narrow, 1),
          test::queries_of(test::factor_rows(static_cast<Eigen::Index>(queries), factors, true, 2)),
          {}};
  set.expected = top_k_of_block(kernel_table("portable"), set.queries, test::block_of(set.items), most_wanted, 1);
  return set;
}

/// The sets of one K at a time are kept, since tests of one K follow each other.
const Set& set_of(int factors, bool narrow) {
  static int of_factors = 0;
  static std::unique_ptr<Set> sets[2];
  if (of_factors != factors)
    for (std::unique_ptr<Set>& set : sets) set.reset();
  of_factors = factors;
  std::unique_ptr<Set>& set = sets[narrow ? 1 : 0];
  if (set == nullptr) set = std::make_unique<Set>(make_set(factors, narrow));
  return *set;
}

/// The first k of every list.
RankedLists first_of(const RankedLists& lists, std::size_t k) {
  RankedLists first;
  for (std::size_t q = 0; q < lists.size(); ++q) first.push_back(lists[q].first(std::min(k, lists[q].size())));
  return first;
}

/// K, whether norms are narrow, and the level.
class ExactListsTest : public testing::TestWithParam<std::tuple<int, bool, std::string_view>> {
 protected:
  const Set& set_ = set_of(std::get<0>(GetParam()), std::get<1>(GetParam()));
  const KernelTable& kernels_ = kernel_table(std::get<2>(GetParam()));
};

TEST_P(ExactListsTest, of_one_index_are_those_of_brute_force) {
  const ItemIndex index = test::index_of(set_.items);
  for (const std::size_t k : {1UL, 10UL, 100UL, most_wanted}) {
    for (const bool prune : {true, false}) {
      SearchOptions options;
      options.prune = prune;
      EXPECT_EQ(first_difference(top_k_of_index(kernels_, index, set_.queries, k, options), first_of(set_.expected, k)),
                "")
          << "k = " << k << ", prune = " << prune;
    }
  }
}

TEST_P(ExactListsTest, of_several_parts_are_those_of_brute_force) {
  for (const std::size_t parts : {2UL, 3UL, 4UL, 5UL}) {
    const test::Parts dealt(set_.items, {}, 256, parts);
    for (const std::size_t k : {1UL, 10UL, 100UL, most_wanted}) {
      const std::size_t positions[] = {4 * k};
      EXPECT_EQ(first_difference(dealt.search(kernels_, set_.queries, k, positions), first_of(set_.expected, k)), "")
          << "k = " << k << ", " << parts << " parts";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Sets, ExactListsTest,
                         testing::Combine(testing::Values(1, 16, 31, 64, 100, 128, 256), testing::Bool(),
                                          testing::ValuesIn(supported_kernel_levels())),
                         [](const auto& each) {
                           return fmt::format("K{}_{}_{}", std::get<0>(each.param),
                                              std::get<1>(each.param) ? "narrow" : "wide", std::get<2>(each.param));
                         });

}  // namespace
}  // namespace alsace
