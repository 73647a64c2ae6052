#include "src/planning/row_lengths.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "src/data/synthetic.hpp"

namespace alsace {
namespace {

double interactions_in(const std::vector<RowGroup>& side) {
  double sum = 0;
  for (const RowGroup& group : side) sum += group.rows * group.length;
  return sum;
}

double rows_in(const std::vector<RowGroup>& side) {
  double sum = 0;
  for (const RowGroup& group : side) sum += group.rows;
  return sum;
}

SparseRows synthetic(const SyntheticConfig& config) {
  const Allocation allocation = allocate(config, [&](const Allocation& tried) {
    std::uint64_t total = 0;
    for (std::uint64_t user = 0; user < config.users; ++user) {
      total += interactions_of(config, tried, user, synthetic_activity(config, user));
    }
    return total;
  });
  return SyntheticData(config, allocation).generate({0, config.users});
}

/// Distinct columns that the shards of some rows meet, on average: `shards` shards of about equally many interactions.
double columns_met(const SparseRows& rows, std::uint64_t columns, std::size_t shards) {
  double met = 0;
  std::size_t row = 0;
  for (std::size_t shard = 1; shard <= shards; ++shard) {
    std::vector<bool> seen(columns, false);
    for (; row < rows.rows() && rows.offsets[row] < rows.nonzeros() * shard / shards; ++row)
      for (const std::uint32_t column : rows.columns_of(row)) seen[column] = true;
    met += static_cast<double>(std::count(seen.begin(), seen.end(), true));
  }
  return met / static_cast<double>(shards);
}

SparseRows transposed(const SparseRows& rows, std::uint64_t columns) {
  SparseRows result;
  result.offsets.assign(columns + 1, 0);
  for (const std::uint32_t column : rows.columns) ++result.offsets[column + 1];
  std::partial_sum(result.offsets.begin(), result.offsets.end(), result.offsets.begin());
  result.columns.resize(rows.nonzeros());
  std::vector<std::uint64_t> next = result.offsets;
  for (std::size_t row = 0; row < rows.rows(); ++row)
    for (const std::uint32_t column : rows.columns_of(row))
      result.columns[next[column]++] = static_cast<std::uint32_t>(row);
  return result;
}

struct Shape {
  const char* name;
  std::uint64_t users;
  std::uint64_t items;
  std::uint64_t interactions;
  double tolerance;  // of the rows met
};

void PrintTo(const Shape& shape, std::ostream* out) {
  *out << shape.name;
}

class RowLengthsTest : public testing::TestWithParam<Shape> {
 protected:
  [[nodiscard]] static Workload workload(Popularity popularity = Popularity::power_law) {
    return {.users = GetParam().users,
            .items = GetParam().items,
            .interactions = GetParam().interactions,
            .popularity = popularity};
  }
};

// Scaled: users are taken together where their lengths are within 1/16 of each other, items in 256 cells: the sums are
// right to some per mille.
TEST_P(RowLengthsTest, sides_have_their_rows_and_all_interactions) {
  const RowLengths lengths = row_lengths(workload());

  const auto interactions = static_cast<double>(GetParam().interactions);
  EXPECT_NEAR(rows_in(lengths.users), static_cast<double>(GetParam().users), 1e-9 * rows_in(lengths.users));
  EXPECT_NEAR(rows_in(lengths.items), static_cast<double>(GetParam().items), 1e-9 * rows_in(lengths.items));
  EXPECT_NEAR(interactions_in(lengths.users), interactions, 2e-3 * interactions);
  EXPECT_NEAR(interactions_in(lengths.items), interactions, 2e-3 * interactions);
}

// Statistical: within 3 % of what is counted in synthetic data; 6 % where a shard has 16 items, of which the popular
// ones are in nearly every long row.
TEST_P(RowLengthsTest, rows_met_are_those_of_synthetic_data) {
  const RowLengths lengths = row_lengths(workload());
  const SparseRows rows =
      synthetic({.users = GetParam().users, .items = GetParam().items, .interactions = GetParam().interactions});

  const SparseRows by_item = transposed(rows, GetParam().items);

  for (const std::size_t shards : {2U, 8U, 32U}) {
    const double share = 1.0 / static_cast<double>(shards);
    const double items = columns_met(rows, GetParam().items, shards);
    const double users = columns_met(by_item, GetParam().users, shards);
    EXPECT_NEAR(rows_met(lengths.items, share), items, GetParam().tolerance * items) << shards << " shards";
    EXPECT_NEAR(rows_met(lengths.users, share), users, GetParam().tolerance * users) << shards << " shards";
  }
}

TEST_P(RowLengthsTest, uniform_meets_the_most) {
  const RowLengths shaped = row_lengths(workload());
  const RowLengths uniform = row_lengths(workload(Popularity::uniform));

  for (const double share : {0.9, 0.5, 0.1, 0.001}) {
    constexpr double rounding = 1 + 1e-9;
    EXPECT_GE(rounding * rows_met(uniform.users, share), rows_met(shaped.users, share)) << "share " << share;
    EXPECT_GE(rounding * rows_met(uniform.items, share), rows_met(shaped.items, share)) << "share " << share;
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, RowLengthsTest,
                         testing::Values(Shape{"long_rows", 20000, 5000, 1000000, 0.03},
                                         Shape{"short_rows", 100000, 20000, 500000, 0.03},
                                         Shape{"few_items", 20000, 500, 400000, 0.07}),
                         testing::PrintToStringParamName());

TEST(RowsMetTest, whole_share_meets_every_row_with_an_interaction) {
  EXPECT_DOUBLE_EQ(rows_met({{100, 7, true}, {50, 1, true}, {10, 0, true}}, 1), 150);
  EXPECT_DOUBLE_EQ(rows_met({{100, 2, false}}, 1), 100 * (1 - std::exp(-2.0)));
}

TEST(RowsMetTest, interactions_are_in_the_shard_independently) {
  EXPECT_DOUBLE_EQ(rows_met({{100, 1, true}}, 0.25), 25);
  EXPECT_DOUBLE_EQ(rows_met({{100, 2, true}}, 0.25), 43.75);
  EXPECT_DOUBLE_EQ(rows_met({{100, 2, false}}, 0.25), 100 * (1 - std::exp(-0.5)));
}

}  // namespace
}  // namespace alsace
