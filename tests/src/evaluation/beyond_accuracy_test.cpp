#include "src/evaluation/beyond_accuracy.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "src/evaluation/rating_metrics.hpp"
#include "src/evaluation/segments.hpp"

namespace alsace {
namespace {

const std::vector<std::uint64_t> interactions{8, 1, 0, 1};

TEST(BeyondAccuracyTest, novelty_is_the_information_of_an_item_and_finite_for_cold_ones) {
  EXPECT_EQ(item_novelty(interactions, 16), (std::vector<double>{1, 4, 4, 4}));
}

TEST(BeyondAccuracyTest, popularity_percentile_counts_equally_popular_items_half) {
  EXPECT_EQ(popularity_percentiles(interactions), (std::vector<double>{3.5 / 4, 2.0 / 4, 0.5 / 4, 2.0 / 4}));
}

TEST(BeyondAccuracyTest, popularity_scores_order_and_tie_as_the_counts) {
  EXPECT_EQ(popularity_scores(interactions), (std::vector<float>{2, 1, 0, 1}));
}

TEST(BeyondAccuracyTest, list_mean_of_an_empty_list_is_zero) {
  const std::vector<double> values{1, 2, 6};

  EXPECT_EQ(list_mean(std::vector<ScoredItem>{{1, 0}, {0, 2}}, values), 3.5);
  EXPECT_EQ(list_mean({}, values), 0);
}

TEST(BeyondAccuracyTest, diversity_is_one_minus_the_mean_cosine_of_pairs) {
  FactorMatrix unit(3, 2);
  unit << 1, 0, 0, 1, 1, 0;
  const std::vector<ScoredItem> list{{3, 0}, {2, 1}, {1, 2}};  // cosines 0, 1, 0

  EXPECT_DOUBLE_EQ(list_diversity(list, unit), 1 - 1.0 / 3);
  EXPECT_EQ(list_diversity(std::span(list).first(1), unit), 0);
}

TEST(RatingMetricsTest, sums_squared_and_absolute_errors_of_each_row) {
  SparseRows rows;
  rows.offsets = {0, 2, 2, 3};
  rows.columns = {0, 3, 1};
  rows.values = {4, 1, 2};
  const Predict predict = [](std::size_t row, std::uint32_t item) { return static_cast<double>(row + item); };

  const auto errors = rating_errors(rows, predict, 2);

  EXPECT_EQ(errors, (std::vector<double>{16 + 4, 4 + 2, 0, 0, 1, 1}));
}

TEST(SegmentsTest, cuts_into_groups_of_about_equal_size) {
  const auto segments = quantile_segments({{1, 3}, {2, 3}, {5, 3}, {9, 3}}, 2);

  EXPECT_EQ(segments, (std::vector<Segment>{{1, 2, 6}, {5, 9, 6}}));
}

TEST(SegmentsTest, keeps_equal_numbers_together_from_several_ranks) {
  const auto segments = quantile_segments({{1, 5}, {7, 1}, {1, 5}, {8, 1}}, 4);

  EXPECT_EQ(segments, (std::vector<Segment>{{1, 1, 10}, {7, 8, 2}}));
}

TEST(SegmentsTest, no_users_make_no_segments) {
  EXPECT_TRUE(quantile_segments({}, 3).empty());
}

}  // namespace
}  // namespace alsace
