#include "src/data/synthetic.hpp"

#include <algorithm>
#include <numeric>
#include <set>

#include <gtest/gtest.h>

#include "tests/support/complaint.hpp"

namespace alsace {

static void PrintTo(const SyntheticConfig& config, std::ostream* out) {
  *out << config.users << "_users_" << config.items << "_items_" << config.interactions << "_interactions";
}

namespace {

Allocation allocate_alone(const SyntheticConfig& config) {
  return allocate(config, [&](const Allocation& allocation) {
    std::uint64_t total = 0;
    for (std::uint64_t user = 0; user < config.users; ++user) {
      total += interactions_of(config, allocation, user, synthetic_activity(config, user));
    }
    return total;
  });
}

SyntheticData make(const SyntheticConfig& config) {
  return {config, allocate_alone(config)};
}

std::vector<std::uint64_t> item_counts(const SparseRows& rows, std::uint64_t items) {
  std::vector<std::uint64_t> counts(items);
  for (const std::uint32_t item : rows.columns) ++counts[item];
  return counts;
}

class SyntheticShapeTest : public testing::TestWithParam<SyntheticConfig> {};

TEST_P(SyntheticShapeTest, total_is_exact_and_rows_are_distinct_ascending_items) {
  const SyntheticConfig config = GetParam();

  const SparseRows rows = make(config).generate({0, config.users});

  EXPECT_EQ(rows.nonzeros(), config.interactions);
  ASSERT_EQ(rows.rows(), config.users);
  ASSERT_EQ(rows.values.size(), rows.nonzeros());
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    const auto items = rows.columns_of(row);
    ASSERT_TRUE(std::is_sorted(items.begin(), items.end(), std::less_equal<>())) << "row " << row;
    if (!items.empty()) {
      ASSERT_LT(items.back(), config.items);
    }
    ASSERT_GE(items.size(), config.interactions >= config.users ? 1U : 0U);
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, SyntheticShapeTest,
                         testing::Values(SyntheticConfig{.users = 1, .items = 1, .interactions = 1},
                                         SyntheticConfig{.users = 1000, .items = 300, .interactions = 20011},
                                         SyntheticConfig{.users = 500, .items = 300, .interactions = 7},
                                         SyntheticConfig{.users = 50, .items = 40, .interactions = 50},
                                         SyntheticConfig{.users = 50, .items = 40, .interactions = 1999},
                                         SyntheticConfig{.users = 50, .items = 40, .interactions = 2000},
                                         SyntheticConfig{.users = 40, .items = 1, .interactions = 33}),
                         testing::PrintToStringParamName());

TEST(SyntheticTest, rows_do_not_depend_on_the_range_they_are_generated_in) {
  const SyntheticConfig config{.users = 200, .items = 100, .interactions = 4000, .seed = 7, .ratings = true};
  const SyntheticData data = make(config);
  const SparseRows whole = data.generate({0, 200});

  std::vector<std::uint32_t> columns;
  std::vector<float> values;
  for (const RowRange range : {RowRange{0, 1}, RowRange{1, 1}, RowRange{1, 120}, RowRange{120, 200}}) {
    const SparseRows piece = data.generate(range);
    EXPECT_EQ(piece.range(), range);
    columns.insert(columns.end(), piece.columns.begin(), piece.columns.end());
    values.insert(values.end(), piece.values.begin(), piece.values.end());
  }

  EXPECT_EQ(columns, whole.columns);
  EXPECT_EQ(values, whole.values);
}

TEST(SyntheticTest, another_seed_gives_other_rows) {
  SyntheticConfig config{.users = 200, .items = 100, .interactions = 4000, .seed = 1};
  const SparseRows first = make(config).generate({0, 200});

  config.seed = 2;
  const SparseRows second = make(config).generate({0, 200});

  EXPECT_NE(first.columns, second.columns);
}

// Statistical: over seeds 1 to 20 the top 1 % of the items had 0.183 to 0.192 of the interactions (1 % if all were
// alike) and the mean was 2.00 to 2.11 medians (a log-normal's e^0.72 = 2.05).
TEST(SyntheticTest, popularity_and_activity_are_skewed) {
  const SyntheticConfig config{.users = 5000, .items = 2000, .interactions = 200000};

  const SparseRows rows = make(config).generate({0, config.users});
  auto counts = item_counts(rows, config.items);
  std::sort(counts.rbegin(), counts.rend());
  const auto total = static_cast<double>(config.interactions);
  const double top_items =
      static_cast<double>(std::accumulate(counts.begin(), counts.begin() + 20, std::uint64_t{0})) / total;
  std::vector<std::size_t> lengths;
  for (std::size_t row = 0; row < rows.rows(); ++row) lengths.push_back(rows.row_length(row));
  std::sort(lengths.begin(), lengths.end());
  const double mean_over_median = total / static_cast<double>(config.users) / static_cast<double>(lengths[2500]);

  EXPECT_GT(top_items, 0.17);
  EXPECT_LT(top_items, 0.21);
  EXPECT_GT(mean_over_median, 1.9);
  EXPECT_LT(mean_over_median, 2.25);
}

TEST(SyntheticTest, popular_items_are_spread_over_the_index) {
  const SyntheticConfig config{.users = 5000, .items = 2000, .interactions = 200000};

  const auto counts = item_counts(make(config).generate({0, config.users}), config.items);
  const auto lower_half = std::accumulate(counts.begin(), counts.begin() + 1000, std::uint64_t{0});

  EXPECT_GT(lower_half, 70000U);
  EXPECT_LT(lower_half, 130000U);
}

// Statistical: 0.382 to 0.403 over seeds 1 to 5; 1/20 without clusters.
TEST(SyntheticTest, users_prefer_their_own_cluster) {
  const SyntheticConfig config{.users = 2000, .items = 2000, .interactions = 40000};
  const SyntheticData data = make(config);

  const SparseRows rows = data.generate({0, config.users});
  std::uint64_t own = 0;
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    for (const std::uint32_t item : rows.columns_of(row)) {
      own += data.cluster_of_item(item) == data.cluster_of_user(row) ? 1U : 0U;
    }
  }

  ASSERT_EQ(data.clusters(), 20U);
  const double share = static_cast<double>(own) / static_cast<double>(config.interactions);
  EXPECT_GT(share, 0.36);
  EXPECT_LT(share, 0.43);
}

TEST(SyntheticTest, ratings_are_one_to_five_and_higher_within_the_own_cluster) {
  const SyntheticConfig config{.users = 500, .items = 1000, .interactions = 20000, .ratings = true};
  const SyntheticData data = make(config);

  const SparseRows rows = data.generate({0, config.users});
  std::set<float> seen(rows.values.begin(), rows.values.end());
  double sum[2] = {};
  double count[2] = {};
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    for (std::size_t i = 0; i < rows.row_length(row); ++i) {
      const bool own = data.cluster_of_item(rows.columns_of(row)[i]) == data.cluster_of_user(row);
      sum[own] += static_cast<double>(rows.values_of(row)[i]);
      ++count[own];
    }
  }

  EXPECT_EQ(seen, (std::set<float>{1, 2, 3, 4, 5}));
  EXPECT_GT(sum[1] / count[1], sum[0] / count[0] + 0.5);
}

TEST(SyntheticTest, impossible_sizes_are_usage_errors_that_name_the_range) {
  EXPECT_EQ(test::complaint_about<SyntheticConfig>({.users = 3, .items = 4, .interactions = 12}), "");
  EXPECT_EQ(test::complaint_about<SyntheticConfig>({.users = 3, .items = 4, .interactions = 13}),
            "--interactions = 13, expected 1 to 12 (users × items: a pair counts once)");
  EXPECT_EQ(test::complaint_about<SyntheticConfig>({.users = 0, .items = 5000000000, .interactions = 1}),
            "--users = 0, expected 1 to 4294967295\n--items = 5000000000, expected 1 to 4294967295");
}

}  // namespace
}  // namespace alsace
