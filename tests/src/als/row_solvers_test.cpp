// Every solver at every kernel level and precision, against a dense solver in double.
#include <string>

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "src/als/bf16_rows.hpp"
#include "src/als/half_sweep.hpp"
#include "src/als/long_rows.hpp"
#include "src/als/normal_equations.hpp"
#include "src/als/objective.hpp"
#include "tests/support/dense_problem.hpp"

namespace alsace {
namespace {

constexpr double fp32_epsilon = 0x1p-24;
constexpr double bf16_epsilon = 0x1p-9;

TrainConfig config_of(Objective objective, int factors, Solver solver, Precision precision) {
  TrainConfig config = TrainConfig::defaults(objective);
  config.factors = factors;
  config.regularization = 0.5;
  config.regularization_exponent = 1;
  config.solver = solver;
  config.precision = precision;
  return config;
}

GramMatrix gram64(const FactorMatrix& factors) {
  const FactorMatrix64 wide = factors.cast<double>();
  return wide.transpose() * wide;
}

struct Dense {
  Eigen::VectorXd solution;
  double condition;
  double scale;  ///< ‖x‖, or what its right-hand side would make of it if nothing cancelled within
};

Dense solve_dense(const TrainConfig& config, const SparseRows& rows, std::size_t row, const FactorMatrix& fixed) {
  const FactorMatrix64 y = fixed.cast<double>();
  GramMatrix matrix = gramian_weight(config) * (y.transpose() * y);
  Eigen::VectorXd rhs = Eigen::VectorXd::Zero(y.cols());
  double size_of_rhs = 0;
  for (std::size_t i = 0; i < rows.row_length(row); ++i) {
    const Observation observation = observe(config, static_cast<double>(rows.values_of(row)[i]));
    const Eigen::VectorXd column = y.row(rows.columns_of(row)[i]);
    matrix += observation.weight * column * column.transpose();
    rhs += observation.target * column;
    size_of_rhs += std::abs(observation.target) * column.norm();
  }
  matrix.diagonal().array() +=
      regularization_weight(config, rows.row_length(row), static_cast<std::uint64_t>(fixed.rows()));
  const Eigen::SelfAdjointEigenSolver<GramMatrix> eigen(matrix, Eigen::EigenvaluesOnly);
  const double largest = eigen.eigenvalues().maxCoeff();
  const Eigen::VectorXd solution = matrix.llt().solve(rhs);
  return {solution, largest / eigen.eigenvalues().minCoeff(), std::max(solution.norm(), size_of_rhs / largest)};
}

/// What a solver may be off by, relative to the scale: fp32 as half_sweep_test has it; cg by the condition's root times
/// its tolerance; under bf16 the result is rounded, and rows with weights are rounded into the system as well.
double bound(const TrainConfig& config, double condition) {
  double error = 16 * condition * fp32_epsilon;
  if (config.solver == Solver::cg) error += std::sqrt(condition) * 1e-3 * 4;
  if (config.precision == Precision::bf16) error += 4 * condition * bf16_epsilon;
  return error;
}

FactorMatrix side(int rows, int factors, Precision precision) {
  FactorMatrix fixed = test::random_factors(rows, factors, 7) * 0.5F;
  if (precision == Precision::bf16) round_to_bf16(fixed.data(), static_cast<std::size_t>(fixed.size()));
  return fixed;
}

struct Case {
  std::string_view level;
  Solver solver;
  Precision precision;
};

void PrintTo(const Case& one, std::ostream* out) {
  *out << fmt::format("{}_{}_{}", one.level, name_of(one.solver), name_of(one.precision));
}

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const std::string_view level : supported_kernel_levels())
    for (const Solver solver : {Solver::auto_, Solver::cholesky, Solver::dual, Solver::cg, Solver::subspace})
      for (const Precision precision : {Precision::fp32, Precision::bf16}) all.push_back({level, solver, precision});
  return all;
}

class RowSolversTest : public testing::TestWithParam<Case> {
 protected:
  [[nodiscard]] TrainConfig config(Objective objective, int factors) const {
    return config_of(objective, factors, GetParam().solver, GetParam().precision);
  }
  [[nodiscard]] HalfSweepResult solve(const TrainConfig& config, const SparseRows& rows, const FactorMatrix& fixed,
                                      FactorMatrix& solved, int threads = 1) const {
    const GramMatrix gramian = gram64(fixed);
    return half_sweep({config, kernel_table(GetParam().level), rows, fixed, gramian, threads}, solved.data(), {});
  }
};

void expect_solved(const TrainConfig& config, const SparseRows& rows, const FactorMatrix& fixed,
                   const FactorMatrix& solved) {
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    if (rows.row_length(row) == 0) continue;  // zero by definition: ratings without regularization decide nothing
    const Dense dense = solve_dense(config, rows, row, fixed);
    const Eigen::VectorXd actual = solved.row(static_cast<Eigen::Index>(row)).cast<double>();
    EXPECT_LE((actual - dense.solution).norm(), bound(config, dense.condition) * dense.scale)
        << "row " << row << " of " << rows.row_length(row) << ", condition " << dense.condition << ", relative error "
        << (actual - dense.solution).norm() / dense.solution.norm();
  }
}

TEST_P(RowSolversTest, solves_like_a_dense_solver) {
  for (const Objective objective : {Objective::ials, Objective::hkv, Objective::explicit_}) {
    for (const int factors : {1, 7, 16, 31, 64, 100, 200}) {
      if (GetParam().solver == Solver::subspace && factors > 64) continue;  // is not meant to be exact
      SCOPED_TRACE(fmt::format("{}, K = {}", name_of(objective), factors));
      const TrainConfig config = this->config(objective, factors);
      const FactorMatrix fixed = side(300, factors, GetParam().precision);
      SparseRows rows = test::rows_of_lengths({0, 1, 2, 12, 15, 17, 31, 64, 65, 150}, 300, 0.5F);
      rows.values[1] = rows.values[2] = 1;  // one row whose values are all equal
      for (std::size_t i = 3; i < 15; ++i) rows.values[i] = 1;
      FactorMatrix solved = FactorMatrix::Zero(static_cast<Eigen::Index>(rows.rows()), factors);

      const HalfSweepResult result = solve(config, rows, fixed, solved);

      EXPECT_TRUE(result.finished);
      EXPECT_EQ(solved.row(0), FactorMatrix::Zero(1, factors));
      if (config.solver == Solver::dual) {
        EXPECT_EQ(result.solved[RowMethod::dual], rows.rows() - 1);
      }
      if (config.solver == Solver::cg) {
        EXPECT_EQ(result.solved[RowMethod::cg], rows.rows() - 1);
        EXPECT_GE(result.cg_iterations, rows.rows() - 1);
      }
      if (config.solver == Solver::subspace) {
        EXPECT_EQ(result.solved[RowMethod::subspace], rows.rows() - 1);
      }
      expect_solved(config, rows, fixed, solved);
      if (config.precision != Precision::bf16) continue;
      for (Eigen::Index i = 0; i < solved.size(); ++i) ASSERT_EQ(solved.data()[i], round_to_bf16(solved.data()[i]));
    }
  }
}

TEST_P(RowSolversTest, weighs_dislikes_and_what_weighs_nothing) {
  TrainConfig config = this->config(Objective::hkv, 33);
  const FactorMatrix fixed = side(90, 33, GetParam().precision);
  SparseRows rows = test::rows_of_lengths({9, 40, 5}, 90, 1);
  for (std::size_t i = 0; i < rows.values.size(); i += 3) rows.values[i] = -rows.values[i];
  rows.values[50] = 0;  // in the last row: no weight, no target

  for (const double alpha : {3.0, 0.0}) {
    config.alpha = alpha;
    FactorMatrix solved = FactorMatrix::Zero(3, 33);
    EXPECT_TRUE(solve(config, rows, fixed, solved));
    expect_solved(config, rows, fixed, solved);
  }
}

TEST_P(RowSolversTest, needs_no_regularization_where_the_data_determine_the_row) {
  TrainConfig config = this->config(Objective::explicit_, 8);
  config.regularization = 0;
  const FactorMatrix fixed = side(100, 8, GetParam().precision);
  const SparseRows rows = test::rows_of_lengths({100}, 100, 1);
  FactorMatrix solved = FactorMatrix::Zero(1, 8);

  const HalfSweepResult result = solve(config, rows, fixed, solved);

  if (config.solver != Solver::subspace) {
    EXPECT_EQ(result.solved[RowMethod::cholesky], 1U);
  }
  expect_solved(config, rows, fixed, solved);
}

TEST_P(RowSolversTest, has_the_same_bits_alone_among_others_and_on_any_threads) {
  const TrainConfig config = this->config(Objective::ials, 40);
  const FactorMatrix fixed = side(50'000, 40, GetParam().precision);
  // One row is split over the threads; the side has more rows than there are short interactions, and fewer.
  std::vector<std::size_t> lengths(200, 12);
  lengths.insert(lengths.end(), {0, 1, 30, 33, 200, 5'000, long_row_segments * segment_interactions + 5'000, 3, 64});
  const SparseRows rows = test::rows_of_lengths(lengths, 50'000, 1);
  const FactorMatrix start = test::random_factors(static_cast<Eigen::Index>(rows.rows()), 40, 3);
  FactorMatrix together = start;
  ASSERT_TRUE(solve(config, rows, fixed, together, 1));

  for (const int threads : {2, 3}) {
    FactorMatrix others = start;
    ASSERT_TRUE(solve(config, rows, fixed, others, threads));
    EXPECT_EQ(others, together) << threads;
  }
  for (std::size_t row = 199; row < rows.rows(); ++row) {
    SparseRows alone;
    alone.columns.assign(rows.columns_of(row).begin(), rows.columns_of(row).end());
    alone.values.assign(rows.values_of(row).begin(), rows.values_of(row).end());
    alone.offsets.push_back(alone.columns.size());
    FactorMatrix solved = start.row(static_cast<Eigen::Index>(row));
    ASSERT_TRUE(solve(config, alone, fixed, solved));
    EXPECT_EQ(solved.row(0), together.row(static_cast<Eigen::Index>(row))) << "row " << row;
  }
}

TEST_P(RowSolversTest, gives_the_same_bits_where_the_whole_side_is_rotated) {
  const TrainConfig config = this->config(Objective::ials, 24);
  const FactorMatrix fixed = side(60, 24, GetParam().precision);
  const SparseRows few = test::rows_of_lengths({12}, 60, 1);  // fewer than rows of the side
  const SparseRows many = test::rows_of_lengths(std::vector<std::size_t>(20, 12), 60, 1);  // more
  FactorMatrix one = FactorMatrix::Zero(1, 24);
  FactorMatrix all = FactorMatrix::Zero(20, 24);

  ASSERT_TRUE(solve(config, few, fixed, one));
  ASSERT_TRUE(solve(config, many, fixed, all));

  for (Eigen::Index row = 0; row < 20; ++row) EXPECT_EQ(all.row(row), one.row(0));
}

INSTANTIATE_TEST_SUITE_P(Cases, RowSolversTest, testing::ValuesIn(cases()), testing::PrintToStringParamName());

TEST(HalfSweepProgressTest, tells_the_calling_thread_of_ever_longer_prefixes) {
  TrainConfig config = config_of(Objective::ials, 8, Solver::auto_, Precision::fp32);
  const FactorMatrix fixed = test::random_factors(60, 8, 1);
  const SparseRows rows = test::rows_of_lengths(std::vector<std::size_t>(1'000, 5), 60, 1);
  const GramMatrix gramian = gram64(fixed);
  for (const int threads : {1, 3}) {
    FactorMatrix solved = FactorMatrix::Constant(1'000, 8, -77);
    std::vector<std::size_t> prefixes;
    HalfSweep job{config, kernel_table("portable"), rows, fixed, gramian, threads};
    job.progress = [&](std::size_t prefix) {
      prefixes.push_back(prefix);
      for (std::size_t row = 0; row < prefix; ++row)
        EXPECT_NE(solved(static_cast<Eigen::Index>(row), 0), -77) << row << " of " << prefix;
    };

    half_sweep(job, solved.data(), {});

    ASSERT_FALSE(prefixes.empty());
    EXPECT_TRUE(std::is_sorted(prefixes.begin(), prefixes.end()));
    EXPECT_EQ(prefixes.back(), 1'000U);
    if (threads == 1) {
      EXPECT_GT(prefixes.size(), 10U);
    }
  }
}

TEST(SharedBasisTest, turns_a_gramian_into_a_diagonal) {
  const GramMatrix gramian = gram64(test::random_factors(50, 9, 4));

  const SharedBasis basis = shared_basis(gramian);

  const GramMatrix back = basis.vectors * basis.values.asDiagonal() * basis.vectors.transpose();
  EXPECT_LE((back - gramian).norm(), 1e-13 * gramian.norm());
  EXPECT_LE((basis.vectors.transpose() * basis.vectors - GramMatrix::Identity(9, 9)).norm(), 1e-13);
  EXPECT_TRUE((basis.values.array() >= 0).all());
}

TEST(SharedBasisTest, has_no_value_below_zero_where_the_gramian_is_singular) {
  const GramMatrix gramian = gram64(test::random_factors(2, 9, 4));

  EXPECT_EQ(shared_basis(gramian).values.minCoeff(), 0.0);
}

}  // namespace
}  // namespace alsace
