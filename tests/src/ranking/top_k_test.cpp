#include "src/ranking/top_k.hpp"

#include <gtest/gtest.h>

#include "src/error.hpp"

namespace alsace {
namespace {

std::vector<ScoredItem> select(std::size_t k, const std::vector<ScoredItem>& offered) {
  TopK best(k);
  for (const ScoredItem& candidate : offered) {
    if (best.would_take(candidate)) best.take(candidate);
  }
  return best.finish();
}

TEST(TopKTest, orders_by_score_descending_then_item_ascending) {
  const std::vector<ScoredItem> offered{{1, 7}, {2, 9}, {1, 3}, {2, 4}, {0, 1}};

  const auto list = select(4, offered);

  EXPECT_EQ(list, (std::vector<ScoredItem>{{2, 4}, {2, 9}, {1, 3}, {1, 7}}));
}

TEST(TopKTest, equal_scores_keep_the_smallest_items_in_any_order_of_offers) {
  const std::vector<ScoredItem> ascending{{5, 0}, {5, 1}, {5, 2}, {5, 3}};
  const std::vector<ScoredItem> descending(ascending.rbegin(), ascending.rend());

  EXPECT_EQ(select(2, ascending), (std::vector<ScoredItem>{{5, 0}, {5, 1}}));
  EXPECT_EQ(select(2, descending), (std::vector<ScoredItem>{{5, 0}, {5, 1}}));
}

TEST(TopKTest, gives_fewer_when_fewer_are_offered_and_none_for_k_zero) {
  EXPECT_EQ(select(3, {{1, 1}}).size(), 1U);
  EXPECT_TRUE(select(0, {{1, 1}}).empty());
}

TEST(TopKTest, starts_anew_after_finish) {
  TopK best(2);
  best.take({9, 9});
  (void)best.finish();

  best.take({1, 1});

  EXPECT_EQ(best.finish(), (std::vector<ScoredItem>{{1, 1}}));
}

TEST(MergeTopKTest, is_associative_and_commutative) {
  const std::vector<ScoredItem> a{{3, 1}, {1, 2}};
  const std::vector<ScoredItem> b{{3, 0}, {2, 8}};
  const std::vector<ScoredItem> c{{3, 2}, {1, 0}, {1, 1}};
  const std::vector<ScoredItem> expected{{3, 0}, {3, 1}, {3, 2}, {2, 8}};

  EXPECT_EQ(merge_top_k(merge_top_k(a, b, 4), c, 4), expected);
  EXPECT_EQ(merge_top_k(a, merge_top_k(b, c, 4), 4), expected);
  EXPECT_EQ(merge_top_k(merge_top_k(c, b, 4), a, 4), expected);
}

TEST(MergeTopKTest, merges_query_by_query_with_empty_lists) {
  RankedLists a;
  a.push_back(std::vector<ScoredItem>{{1, 1}});
  a.push_back({});
  RankedLists b;
  b.push_back(std::vector<ScoredItem>{{2, 2}});
  b.push_back(std::vector<ScoredItem>{{0, 4}});

  const RankedLists merged = merge_top_k(a, b, 1);

  RankedLists expected;
  expected.push_back(std::vector<ScoredItem>{{2, 2}});
  expected.push_back(std::vector<ScoredItem>{{0, 4}});
  EXPECT_EQ(merged, expected);
}

TEST(MergeTopKTest, gives_every_query_its_own_length) {
  RankedLists a;
  RankedLists b;
  for (int query = 0; query < 4; ++query) {
    a.push_back(std::vector<ScoredItem>{{3, 1}, {1, 2}});
    b.push_back(std::vector<ScoredItem>{{2, 8}});
  }

  const RankedLists merged = merge_top_k(a, b, std::vector<std::uint32_t>{2, 0, 9, 1});

  RankedLists expected;
  expected.push_back(std::vector<ScoredItem>{{3, 1}, {2, 8}});
  expected.push_back({});
  expected.push_back(std::vector<ScoredItem>{{3, 1}, {2, 8}, {1, 2}});
  expected.push_back(std::vector<ScoredItem>{{3, 1}});
  EXPECT_EQ(merged, expected);
}

TEST(MergeTopKTest, refuses_lists_of_other_queries) {
  RankedLists one;
  one.push_back({});

  EXPECT_THROW((void)merge_top_k(one, RankedLists(), 1), Error);
  EXPECT_THROW((void)merge_top_k(one, one, std::vector<std::uint32_t>{1, 1}), Error);
}

}  // namespace
}  // namespace alsace
