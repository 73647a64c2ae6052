#include "src/als/half_sweep.hpp"

#include <limits>
#include <stop_token>
#include <string>

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/als/normal_equations.hpp"
#include "src/als/objective.hpp"
#include "src/error.hpp"
#include "tests/support/dense_problem.hpp"

namespace alsace {
namespace {

constexpr double fp32_epsilon = 0x1p-24;

TrainConfig config_for(Objective objective, int factors) {
  TrainConfig config = TrainConfig::defaults(objective);
  config.factors = factors;
  config.regularization = 0.5;
  config.regularization_exponent = 1.0;
  return config;
}

GramMatrix gram64(const FactorMatrix& factors) {
  const FactorMatrix64 wide = factors.cast<double>();
  return wide.transpose() * wide;
}

/// The formulas of DESIGN.md section 3, written out in double without any of the code under test. Also tells the
/// condition of the system, which is what an fp32 solve may lose.
Eigen::VectorXd dense_solution(const TrainConfig& config, const SparseRows& rows, std::size_t row,
                               const FactorMatrix& fixed, double* condition) {
  const FactorMatrix64 y = fixed.cast<double>();
  const Eigen::Index factors = y.cols();
  const double n = static_cast<double>(rows.row_length(row));
  const double unobserved = config.objective == Objective::ials ? config.unobserved_weight : 0.0;
  const double w = config.regularization * (n + unobserved * static_cast<double>(y.rows()));
  GramMatrix matrix = w * GramMatrix::Identity(factors, factors);
  Eigen::VectorXd rhs = Eigen::VectorXd::Zero(factors);
  if (config.objective == Objective::hkv) matrix += y.transpose() * y;
  if (config.objective == Objective::ials) matrix += config.unobserved_weight * y.transpose() * y;
  for (std::size_t i = 0; i < rows.row_length(row); ++i) {
    const Eigen::VectorXd column = y.row(rows.columns_of(row)[i]);
    const double r = static_cast<double>(rows.values_of(row)[i]);
    double weight = 1;
    double target = r;
    if (config.objective == Objective::hkv) {
      weight = config.alpha * std::abs(r);
      target = r > 0 ? 1 + config.alpha * r : 0;
    } else if (config.objective == Objective::ials) {
      weight = std::abs(r);
      target = r > 0 ? r : 0;
    }
    matrix += weight * column * column.transpose();
    rhs += target * column;
  }
  const Eigen::SelfAdjointEigenSolver<GramMatrix> eigen(matrix, Eigen::EigenvaluesOnly);
  *condition = eigen.eigenvalues().maxCoeff() / eigen.eigenvalues().minCoeff();
  return matrix.llt().solve(rhs);
}

/// A chunk of 64 fp32 additions is off by about √64 = 8 roundings and the rest by a few, and the solve multiplies that
/// by the condition: 12 · condition · ε. The worst case here comes to 7.3.
void expect_solved(const TrainConfig& config, const SparseRows& rows, const FactorMatrix& fixed,
                   const FactorMatrix& solved) {
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    double condition = 0;
    const Eigen::VectorXd expected = dense_solution(config, rows, row, fixed, &condition);
    const Eigen::VectorXd actual = solved.row(static_cast<Eigen::Index>(row)).cast<double>();
    EXPECT_LE((actual - expected).norm(), 12 * condition * fp32_epsilon * expected.norm())
        << "row " << row << ", condition " << condition << ", ratio "
        << (actual - expected).norm() / (condition * fp32_epsilon * expected.norm());
  }
}

FactorMatrix run(const TrainConfig& config, const SparseRows& rows, const FactorMatrix& fixed, std::string_view level,
                 int threads = 1) {
  FactorMatrix solved = FactorMatrix::Constant(static_cast<Eigen::Index>(rows.rows()), config.factors, -77.0F);
  const GramMatrix gramian = gram64(fixed);
  EXPECT_TRUE(half_sweep({config, kernel_table(level), rows, fixed, gramian, threads}, solved.data(), {}));
  return solved;
}

class HalfSweepLevelTest : public testing::TestWithParam<std::string_view> {};

TEST_P(HalfSweepLevelTest, solves_every_objective_at_every_size_like_a_dense_solver) {
  for (const Objective objective : {Objective::ials, Objective::hkv, Objective::explicit_}) {
    for (const int factors : {1, 7, 8, 16, 31, 64, 100, 128}) {
      SCOPED_TRACE(fmt::format("{}, K = {}", name_of(objective), factors));
      const TrainConfig config = config_for(objective, factors);
      const FactorMatrix fixed = test::random_factors(300, factors, 7);
      const SparseRows rows = test::rows_of_lengths({1, 2, 20, 63, 64, 65, 300}, 300, 0.5F);

      const FactorMatrix solved = run(config, rows, fixed, GetParam());

      expect_solved(config, rows, fixed, solved);
    }
  }
}

TEST_P(HalfSweepLevelTest, solves_rows_around_segment_bounds) {
  const TrainConfig config = config_for(Objective::ials, 16);
  const FactorMatrix fixed = test::random_factors(10'000, 16, 8);
  const SparseRows rows = test::rows_of_lengths(
      {segment_interactions - 1, segment_interactions, segment_interactions + 1, 10'000}, 10'000, 1);

  const FactorMatrix solved = run(config, rows, fixed, GetParam());

  expect_solved(config, rows, fixed, solved);
}

TEST_P(HalfSweepLevelTest, gives_a_row_the_same_bits_wherever_it_stands) {
  const TrainConfig config = config_for(Objective::hkv, 31);
  const FactorMatrix fixed = test::random_factors(6'000, 31, 9);
  SparseRows rows =
      test::rows_of_lengths({5'000, 3, 70, 40, 0, 200, 5'000, 1, 40, 33, 90, 6, 8, 120, 3, 7, 9, 64, 5}, 6'000, 1);
  const FactorMatrix together = run(config, rows, fixed, GetParam(), 2);

  for (std::size_t row = 0; row < rows.rows(); ++row) {
    SparseRows alone;
    alone.columns.assign(rows.columns_of(row).begin(), rows.columns_of(row).end());
    alone.values.assign(rows.values_of(row).begin(), rows.values_of(row).end());
    alone.offsets.push_back(alone.columns.size());

    const FactorMatrix solved = run(config, alone, fixed, GetParam());

    EXPECT_EQ(solved.row(0), together.row(static_cast<Eigen::Index>(row))) << "row " << row;
  }
}

INSTANTIATE_TEST_SUITE_P(Levels, HalfSweepLevelTest, testing::ValuesIn(supported_kernel_levels()),
                         [](const auto& each) { return std::string(each.param); });

TEST(HalfSweepTest, solves_row_with_no_interactions_to_zero) {
  const TrainConfig config = config_for(Objective::ials, 3);
  const FactorMatrix fixed = test::random_factors(5, 3, 1);
  const SparseRows rows = test::rows_of_lengths({0, 2, 0}, 5, 1);

  const FactorMatrix solved = run(config, rows, fixed, "portable");

  EXPECT_EQ(solved.row(0), FactorMatrix::Zero(1, 3));
  EXPECT_NE(solved.row(1), FactorMatrix::Zero(1, 3));
  EXPECT_EQ(solved.row(2), FactorMatrix::Zero(1, 3));
}

TEST(HalfSweepTest, weighs_a_dislike_but_draws_it_to_zero) {
  TrainConfig config = config_for(Objective::ials, 1);
  config.unobserved_weight = 0.5;
  config.regularization = 1;
  config.regularization_exponent = 0;
  FactorMatrix fixed(2, 1);
  fixed << 1, 2;
  SparseRows rows{.first_row = 0, .offsets = {0, 2}, .columns = {0, 1}, .values = {3, -4}};

  const FactorMatrix solved = run(config, rows, fixed, "portable");

  // 0.5·(1 + 4) + 3·1 + 4·4 + 1 = 22.5 on the left, 3·1 on the right.
  EXPECT_FLOAT_EQ(solved(0, 0), 3.0F / 22.5F);
}

TEST(HalfSweepTest, regularizes_by_the_whole_other_side_where_only_some_rows_are_given) {
  TrainConfig config = config_for(Objective::ials, 1);  // exponent 1
  config.unobserved_weight = 0.5;
  config.regularization = 2;
  const FactorMatrix fixed = FactorMatrix::Constant(1, 1, 3.0F);
  const SparseRows rows = test::rows_of_lengths({1}, 1, 1);
  const GramMatrix gramian = GramMatrix::Constant(1, 1, 40.0);
  FactorMatrix solved(1, 1);

  HalfSweep job{config, kernel_table("portable"), rows, fixed, gramian};
  half_sweep(job, solved.data(), {});
  const float by_given_rows = solved(0, 0);
  job.other_side = 10;
  half_sweep(job, solved.data(), {});

  // 0.5·40 + 3·3 = 29 on the left, and 2·(1 + 0.5·1) or 2·(1 + 0.5·10); 3 on the right.
  EXPECT_FLOAT_EQ(by_given_rows, 3.0F / 32.0F);
  EXPECT_FLOAT_EQ(solved(0, 0), 3.0F / 41.0F);
}

TEST(HalfSweepTest, stops_before_the_next_block_when_told) {
  const TrainConfig config = config_for(Objective::ials, 2);
  const FactorMatrix fixed = test::random_factors(4, 2, 1);
  const SparseRows rows = test::rows_of_lengths({1, 2, 3}, 4, 1);
  const GramMatrix gramian = gram64(fixed);
  std::stop_source stop;
  stop.request_stop();
  FactorMatrix solved = FactorMatrix::Constant(3, 2, -77.0F);

  const HalfSweepResult done =
      half_sweep({config, kernel_table("portable"), rows, fixed, gramian, 2}, solved.data(), stop.get_token());

  EXPECT_FALSE(done.finished);
  EXPECT_EQ(solved, FactorMatrix::Constant(3, 2, -77.0F));
}

TEST(HalfSweepTest, solves_a_shard_without_rows) {
  const TrainConfig config = config_for(Objective::ials, 2);
  const FactorMatrix fixed = test::random_factors(4, 2, 1);
  const SparseRows rows;
  const GramMatrix gramian = gram64(fixed);

  EXPECT_TRUE(half_sweep({config, kernel_table("portable"), rows, fixed, gramian, 2}, nullptr, {}));
}

/// Rows 40, 75 and 90 of 100 meet item 1, which spoils their systems.
SparseRows rows_with_three_bad_ones() {
  SparseRows rows;
  rows.first_row = 1'000;
  for (int row = 0; row < 100; ++row) {
    rows.columns.push_back(row == 40 || row == 75 || row == 90 ? 1U : 0U);
    rows.values.push_back(1.0F);
    rows.offsets.push_back(rows.columns.size());
  }
  return rows;
}

TEST(HalfSweepTest, names_the_lowest_global_row_that_is_not_finite) {
  const TrainConfig config = config_for(Objective::explicit_, 2);
  FactorMatrix fixed = test::random_factors(2, 2, 1);
  fixed(1, 0) = std::numeric_limits<float>::quiet_NaN();
  const SparseRows rows = rows_with_three_bad_ones();
  FactorMatrix solved(100, 2);

  for (const int threads : {1, 2, 3}) {
    try {
      half_sweep({config, kernel_table("portable"), rows, fixed, GramMatrix(), threads}, solved.data(), {});
      FAIL() << "no error";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::numerics);
      EXPECT_THAT(error.what(), testing::HasSubstr("row 1040:"));
    }
  }
}

TEST(HalfSweepTest, refuses_a_singular_system) {
  TrainConfig config = config_for(Objective::explicit_, 2);
  config.regularization = 0;
  const FactorMatrix fixed = FactorMatrix::Zero(3, 2);
  const SparseRows rows = test::rows_of_lengths({3}, 3, 1);
  FactorMatrix solved(1, 2);

  EXPECT_THROW(half_sweep({config, kernel_table("portable"), rows, fixed, GramMatrix(), 1}, solved.data(), {}), Error);
}

}  // namespace
}  // namespace alsace
