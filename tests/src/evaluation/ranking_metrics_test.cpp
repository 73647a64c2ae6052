#include "src/evaluation/ranking_metrics.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "src/error.hpp"

namespace alsace {
namespace {

// The list is 10 20 30 40 50; 20, 40 and 60 are relevant and one more item is unknown to the model: n = 4, hits at
// ranks 2 and 4.
const std::vector<ScoredItem> list{{5, 10}, {4, 20}, {3, 30}, {2, 40}, {1, 50}};
const std::vector<std::uint32_t> relevant_items{20, 40, 60};
const Relevant relevant{relevant_items, 1};

double value(const std::string& name, const Relevant& against = relevant) {
  return ranking_value(parse_metric(name), list, against);
}

double log2_discount(double rank) {
  return 1 / std::log2(rank + 1);
}

TEST(RankingMetricsTest, recall_divides_hits_by_all_relevant_items_unknown_ones_too) {
  EXPECT_EQ(value("recall@5"), 2.0 / 4);
  EXPECT_EQ(value("recall@3"), 1.0 / 4);
  EXPECT_EQ(value("recall@1"), 0);
}

TEST(RankingMetricsTest, truncated_recall_divides_by_what_k_allows) {
  EXPECT_EQ(value("recall_truncated@2"), 1.0 / 2);
  EXPECT_EQ(value("recall_truncated@5"), 2.0 / 4);
}

TEST(RankingMetricsTest, precision_divides_by_k_even_when_the_list_is_shorter) {
  EXPECT_EQ(value("precision@5"), 2.0 / 5);
  EXPECT_EQ(value("precision@10"), 2.0 / 10);
}

TEST(RankingMetricsTest, ndcg_takes_the_ideal_over_the_smaller_of_k_and_n) {
  const double gained = log2_discount(2) + log2_discount(4);

  EXPECT_DOUBLE_EQ(value("ndcg@5"), gained / (1 + log2_discount(2) + log2_discount(3) + log2_discount(4)));
  EXPECT_DOUBLE_EQ(value("ndcg@2"), log2_discount(2) / (1 + log2_discount(2)));
}

TEST(RankingMetricsTest, map_averages_the_precision_at_hits) {
  EXPECT_DOUBLE_EQ(value("map@5"), (1.0 / 2 + 2.0 / 4) / 4);
  EXPECT_DOUBLE_EQ(value("map@3"), (1.0 / 2) / 3);
}

TEST(RankingMetricsTest, mrr_is_one_over_the_first_hit) {
  EXPECT_EQ(value("mrr@5"), 1.0 / 2);
  EXPECT_EQ(value("mrr@1"), 0);
}

TEST(RankingMetricsTest, hit_rate_tells_whether_there_is_a_hit) {
  EXPECT_EQ(value("hit_rate@2"), 1);
  EXPECT_EQ(value("hit_rate@1"), 0);
}

TEST(RankingMetricsTest, a_perfect_list_scores_one) {
  const std::vector<std::uint32_t> first{10, 20};

  for (const char* name : {"ndcg@2", "recall@2", "precision@2", "map@2", "mrr@2", "hit_rate@2", "ndcg@5", "map@5"}) {
    EXPECT_DOUBLE_EQ(value(name, {first, 0}), 1) << name;
  }
}

TEST(RankingMetricsTest, a_user_without_relevant_items_scores_zero) {
  EXPECT_EQ(value("ndcg@5", {}), 0);
}

TEST(AreaUnderCurveTest, counts_pairs_in_order_and_ties_as_half) {
  const std::vector<float> scores{0.9F, 0.5F, 0.5F, 0.1F, 0.7F};
  const std::vector<std::uint32_t> right{1, 4};

  // 1 (0.5) against 0, 2, 3: lost, tied, won; 4 (0.7): lost, won, won.
  EXPECT_DOUBLE_EQ(area_under_curve(scores, {}, {right, 0}), 3.5 / 6);
}

TEST(AreaUnderCurveTest, excluded_items_take_no_part_on_either_side) {
  const std::vector<float> scores{0.9F, 0.5F, 0.5F, 0.1F, 0.7F};
  const std::vector<std::uint32_t> right{1, 4};
  const std::vector<std::uint32_t> seen{0, 4};

  EXPECT_DOUBLE_EQ(area_under_curve(scores, seen, {right, 7}), 1.5 / 2);
}

TEST(AreaUnderCurveTest, without_pairs_it_is_one_half) {
  const std::vector<float> scores{1, 2};

  EXPECT_EQ(area_under_curve(scores, {}, {{}, 3}), 0.5);
}

TEST(ParseMetricTest, reads_back_every_name) {
  const std::vector<std::string> names{"ndcg@100",   "recall@20", "recall_truncated@20", "precision@10",
                                       "map@10",     "mrr@10",    "hit_rate@10",         "auc",
                                       "coverage@5", "novelty@5", "popularity@5",        "diversity@5"};

  std::vector<std::string> back;
  for (const RankingMetric& metric : parse_metrics(names)) back.push_back(name_of(metric));

  EXPECT_EQ(back, names);
  EXPECT_EQ(longest_cut_off(parse_metrics(names)), 100);
}

TEST(ParseMetricTest, counts_a_name_that_comes_twice_once) {
  EXPECT_EQ(parse_metrics(std::vector<std::string>{"auc", "ndcg@10", "auc"}).size(), 2U);
}

TEST(ParseMetricTest, refuses_other_names_and_says_which_there_are) {
  for (const char* name : {"", "ndcg", "ndcg@", "ndcg@0", "ndcg@-1", "ndcg@1x", "auc@10", "nDCG@10", "ndcg@2000000",
                           "recall@010", "auc,"}) {
    try {
      (void)parse_metric(name);
      FAIL() << name;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      EXPECT_NE(std::string(error.what()).find("recall_truncated@K"), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace alsace
