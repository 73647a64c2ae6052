#include "src/als/initial_factors.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "src/matrix.hpp"

namespace alsace {
namespace {

FactorMatrix items(const TrainConfig& config, RowRange range) {
  FactorMatrix matrix(static_cast<Eigen::Index>(range.size()), config.factors);
  initialize_items(config, range, matrix.data());
  return matrix;
}

TEST(InitialFactorsTest, a_row_is_the_same_in_any_range) {
  TrainConfig config;
  config.factors = 7;

  const FactorMatrix all = items(config, {0, 100});

  EXPECT_EQ(items(config, {30, 50}), all.middleRows(30, 20));
  EXPECT_EQ(items(config, {99, 100}), all.bottomRows(1));
}

TEST(InitialFactorsTest, rows_and_seeds_differ) {
  TrainConfig config;
  TrainConfig other = config;
  other.seed = 2;

  const FactorMatrix all = items(config, {0, 2});

  EXPECT_NE(all.row(0), all.row(1));
  EXPECT_NE(items(other, {0, 2}).row(0), all.row(0));
  EXPECT_NE(items(other, {0, 2}).row(0), all.row(1));
}

/// Statistical: 640,000 values, so each moment's error is its standard error, n^-1/2 times 1, √2, √15 and √96; the
/// limits are five of them.
TEST(InitialFactorsTest, values_are_normal_with_the_deviation_asked_for) {
  TrainConfig config;
  config.factors = 64;
  config.init_std = 0.4;
  const FactorMatrix64 values = items(config, {0, 10'000}).cast<double>() / (0.4 / 8);
  const double error = 5 / std::sqrt(static_cast<double>(values.size()));

  EXPECT_NEAR(values.mean(), 0, error);
  EXPECT_NEAR(values.array().square().mean(), 1, error * std::sqrt(2.0));
  EXPECT_NEAR(values.array().cube().mean(), 0, error * std::sqrt(15.0));
  EXPECT_NEAR(values.array().square().square().mean(), 3, error * std::sqrt(96.0));
}

}  // namespace
}  // namespace alsace
