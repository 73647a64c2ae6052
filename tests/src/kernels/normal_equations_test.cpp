// Forming normal equations, from fp32 and from bf16 rows, at every level.
#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/src/kernels/amx_emulated.hpp"
#include "tests/src/kernels/kernel_level.hpp"
#include "tests/support/dense_problem.hpp"

namespace alsace {
namespace {

using test::Buffer;
using test::fp32_epsilon;

class NormalEquationsTest : public test::KernelLevelTest {};
ALSACE_TEST_ALL_LEVELS(NormalEquationsTest);

#ifdef ALSACE_X86_KERNELS
/// The level amx without its instructions.
class EmulatedAmxTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto levels = supported_kernel_levels();
    if (std::find(levels.begin(), levels.end(), "avx512_bf16") == levels.end())
      GTEST_SKIP() << "the processor has no AVX-512 BF16";
    kernels_ = kernel_table("avx512_bf16");
    kernels_.form_normal_equations_bf16 = test::form_normal_equations_amx_emulated;
  }
  KernelTable kernels_;
};
#endif

/// Interactions of one row with a fixed side.
struct Problem {
  FactorMatrix fixed;
  std::vector<std::uint32_t> columns;
  std::vector<float> weights;  ///< empty: all 1, and all targets
  std::vector<float> targets;
};

struct Sums {
  std::vector<float> matrix;  ///< padded² as the kernel left it
  std::vector<float> rhs;
  std::size_t padded = 0;

  [[nodiscard]] double at(Eigen::Index i, Eigen::Index j) const {
    return static_cast<double>(matrix[static_cast<std::size_t>(i) * padded + static_cast<std::size_t>(j)]);
  }
};

Sums form(const KernelTable& kernels, const Problem& problem, bool bf16) {
  const auto factors = static_cast<int>(problem.fixed.cols());
  const std::size_t padded = padded_factors(factors);
  Buffer<float> matrix(padded * padded);
  Buffer<float> rhs(padded);
  Buffer<float> workspace(normal_equations_workspace(factors));
  const float* weights = problem.weights.empty() ? nullptr : problem.weights.data();
  const float* targets = problem.weights.empty() ? nullptr : problem.targets.data();
  const std::size_t n = problem.columns.size();
  if (bf16)
    kernels.form_normal_equations_bf16(test::bf16_rows(problem.fixed).data(), factors, problem.columns.data(), weights,
                                       targets, n, 0, matrix.data(), rhs.data(), workspace.data());
  else
    kernels.form_normal_equations(problem.fixed.data(), factors, problem.columns.data(), weights, targets, n, 0,
                                  matrix.data(), rhs.data(), workspace.data());
  return {matrix.values(), rhs.values(), padded};
}

/// Whole numbers so small that every sum is exact in fp32, and every root of a weight in bf16.
Problem whole_number_problem(int factors, std::size_t n, bool weighted) {
  Problem problem;
  problem.fixed.resize(301, factors);
  for (Eigen::Index i = 0; i < problem.fixed.size(); ++i)
    problem.fixed.data()[i] = static_cast<float>((i * i + i / 7) % 5 - 2);
  for (std::size_t j = 0; j < n; ++j) {
    problem.columns.push_back(static_cast<std::uint32_t>(j * 7 % 301));
    if (!weighted) continue;
    const auto root = static_cast<float>(j % 3 + 1);
    problem.weights.push_back(root * root);
    problem.targets.push_back(static_cast<float>(j % 7) - 3);
  }
  return problem;
}

/// Expects the sums of a whole-number problem: of some rows of the matrix where it is large, of all where it is not.
void expect_exact(const Problem& problem, const Sums& actual) {
  const Eigen::Index factors = problem.fixed.cols();
  std::vector<Eigen::Index> rows;
  for (Eigen::Index i = 0; i < factors; ++i)
    if (factors <= 31 || i < 17 || i % 37 == 0 || i + 2 >= factors) rows.push_back(i);
  // The sums depend only on how often, with what weights, a row of the fixed side occurs.
  std::vector<double> weight_of(static_cast<std::size_t>(problem.fixed.rows()));
  std::vector<double> target_of(weight_of.size());
  for (std::size_t j = 0; j < problem.columns.size(); ++j) {
    weight_of[problem.columns[j]] += problem.weights.empty() ? 1.0 : static_cast<double>(problem.weights[j]);
    target_of[problem.columns[j]] += problem.weights.empty() ? 1.0 : static_cast<double>(problem.targets[j]);
  }
  const FactorMatrix64 fixed = problem.fixed.cast<double>();
  const auto weights = Eigen::Map<const Eigen::VectorXd>(weight_of.data(), fixed.rows());
  const auto targets = Eigen::Map<const Eigen::VectorXd>(target_of.data(), fixed.rows());
  for (const Eigen::Index i : rows) {
    const Eigen::VectorXd expected = fixed.transpose() * weights.cwiseProduct(fixed.col(i));
    for (Eigen::Index j = i; j < factors; ++j) ASSERT_EQ(actual.at(i, j), expected(j)) << "at " << i << ", " << j;
  }
  const Eigen::VectorXd expected = fixed.transpose() * targets;
  for (Eigen::Index i = 0; i < factors; ++i)
    ASSERT_EQ(static_cast<double>(actual.rhs[static_cast<std::size_t>(i)]), expected(i)) << "right-hand side, " << i;
  for (std::size_t i = 0; i < actual.padded; ++i)
    for (std::size_t j = std::max(i, static_cast<std::size_t>(factors)); j < actual.padded; ++j)
      ASSERT_EQ(actual.matrix[i * actual.padded + j], 0.0F) << "padding at " << i << ", " << j;
  for (std::size_t j = static_cast<std::size_t>(factors); j < actual.padded; ++j)
    ASSERT_EQ(actual.rhs[j], 0.0F) << "padding of the right-hand side at " << j;
}

void expect_exact_sums(const KernelTable& kernels, const std::vector<std::size_t>& lengths, bool bf16) {
  for (const int factors : {1, 7, 8, 16, 31, 64, 100, 128, 200, 256, 512})
    for (const std::size_t n : lengths)
      for (const bool weighted : {false, true}) {
        SCOPED_TRACE(fmt::format("K = {}, n = {}, weighted = {}", factors, n, weighted));
        const Problem problem = whole_number_problem(factors, n, weighted);

        const Sums actual = form(kernels, problem, bf16);

        expect_exact(problem, actual);
        if (testing::Test::HasFatalFailure()) return;
      }
}

TEST_P(NormalEquationsTest, sums_whole_numbers_exactly_from_fp32) {
  expect_exact_sums(kernels_, {0, 1, 15, 16, 17, 31, 33, 63, 64, 65, 1000, 40'000}, false);
}

TEST_P(NormalEquationsTest, sums_whole_numbers_exactly_from_bf16) {
  expect_exact_sums(kernels_, {0, 1, 15, 16, 17, 31, 33, 64, 95, 96, 97, 1000, 40'000}, true);
}

#ifdef ALSACE_X86_KERNELS
TEST_F(EmulatedAmxTest, sums_whole_numbers_exactly) {
  expect_exact_sums(kernels_, {0, 1, 15, 16, 17, 31, 32, 33, 63, 64, 65, 1000}, true);
}
#endif

Problem random_problem(int factors, std::size_t n, bool weighted) {
  Problem problem{test::random_factors(500, factors, 3), {}, {}, {}};
  for (std::size_t j = 0; j < n; ++j) {
    problem.columns.push_back(static_cast<std::uint32_t>(j * 7 % 500));
    if (!weighted) continue;
    problem.weights.push_back(0.1F + 0.7F * static_cast<float>(j % 5));
    problem.targets.push_back(problem.weights.back() + 1);
  }
  return problem;
}

void expect_accurate_sums(const KernelTable& kernels, bool bf16) {
  for (const int factors : {1, 16, 31, 64, 128})
    for (const std::size_t n : {1U, 33U, 1000U})
      for (const bool weighted : {false, true}) {
        SCOPED_TRACE(fmt::format("K = {}, n = {}, weighted = {}, bf16 = {}", factors, n, weighted, bf16));
        const Problem problem = random_problem(factors, n, weighted);

        const Sums actual = form(kernels, problem, bf16);

        GramMatrix matrix = GramMatrix::Zero(factors, factors);
        GramMatrix magnitude = matrix;
        Eigen::VectorXd rhs = Eigen::VectorXd::Zero(factors);
        Eigen::VectorXd rhs_magnitude = rhs;
        for (std::size_t j = 0; j < n; ++j) {
          Eigen::VectorXf y = problem.fixed.row(problem.columns[j]).transpose();
          if (bf16) y = y.unaryExpr(&test::round_to_bf16);
          const float weight = weighted ? problem.weights[j] : 1.0F;
          const double target = weighted ? static_cast<double>(problem.targets[j]) : 1.0;
          Eigen::VectorXd root = std::sqrt(static_cast<double>(weight)) * y.cast<double>();
          if (bf16) root = (std::sqrt(weight) * y).unaryExpr(&test::round_to_bf16).cast<double>();
          matrix += root * root.transpose();
          magnitude += root.cwiseAbs() * root.cwiseAbs().transpose();
          rhs += target * y.cast<double>();
          rhs_magnitude += target * y.cast<double>().cwiseAbs();
        }
        // The roundings of up to 64 additions in a chunk and of n/64 chunks are a random walk; 4 of its deviations.
        const double walk =
            std::sqrt(3.0 + static_cast<double>(std::min<std::size_t>(n, 64)) + static_cast<double>(n) / 64);
        const double limit = 4 * walk * fp32_epsilon;
        for (Eigen::Index i = 0; i < factors; ++i) {
          for (Eigen::Index j = i; j < factors; ++j)
            ASSERT_NEAR(actual.at(i, j), matrix(i, j), limit * magnitude(i, j)) << i << ", " << j;
          ASSERT_NEAR(static_cast<double>(actual.rhs[static_cast<std::size_t>(i)]), rhs(i), limit * rhs_magnitude(i));
        }
      }
}

TEST_P(NormalEquationsTest, is_as_accurate_as_fp32_sums_of_chunks) {
  expect_accurate_sums(kernels_, false);
  expect_accurate_sums(kernels_, true);
}

#ifdef ALSACE_X86_KERNELS
TEST_F(EmulatedAmxTest, is_as_accurate_as_fp32_sums_of_chunks) {
  expect_accurate_sums(kernels_, true);
}
#endif

TEST_P(NormalEquationsTest, adds_to_what_is_there) {
  const Problem problem = whole_number_problem(20, 4, true);
  const Sums alone = form(kernels_, problem, false);
  Buffer<float> matrix(32 * 32);
  Buffer<float> rhs(32);
  Buffer<float> workspace(normal_equations_workspace(20));
  matrix.data()[3] = 100;
  rhs.data()[19] = 200;

  for (int times = 0; times < 2; ++times)
    kernels_.form_normal_equations(problem.fixed.data(), 20, problem.columns.data(), problem.weights.data(),
                                   problem.targets.data(), 4, 0, matrix.data(), rhs.data(), workspace.data());

  EXPECT_EQ(matrix.data()[3], 100 + 2 * alone.matrix[3]);
  EXPECT_EQ(matrix.data()[4], 2 * alone.matrix[4]);
  EXPECT_EQ(rhs.data()[19], 200 + 2 * alone.rhs[19]);
}

TEST_P(NormalEquationsTest, gives_the_same_bits_at_any_alignment_and_whatever_comes_next) {
  const int factors = 31;
  const std::size_t n = 200;
  Problem problem = random_problem(factors, n, true);
  const std::size_t padded = padded_factors(factors);
  std::vector<std::vector<float>> results;

  for (const std::size_t offset : {0U, 1U, 3U, 8U, 13U}) {
    Buffer<float> fixed(static_cast<std::size_t>(problem.fixed.size()), offset);
    std::copy_n(problem.fixed.data(), problem.fixed.size(), fixed.data());
    Buffer<float> matrix(padded * padded);
    Buffer<float> rhs(padded);
    Buffer<float> workspace(normal_equations_workspace(factors));
    kernels_.form_normal_equations(fixed.data(), factors, problem.columns.data(), problem.weights.data(),
                                   problem.targets.data(), n - 13, offset, matrix.data(), rhs.data(), workspace.data());
    results.push_back(matrix.values());
    for (std::size_t i = 0; i < padded; ++i) results.back().push_back(rhs.data()[i]);
  }

  EXPECT_THAT(results, testing::Each(results[0]));
}

TEST_P(NormalEquationsTest, rounds_weighted_bf16_rows_to_even) {
  // The roots 1 + 2^-8 and 1 + 3·2^-8 are exact, and halfway between two bf16: 1 and 1 + 2^-6 are the even ones.
  for (const auto& [root, rounded] : {std::pair{1 + 0x1p-8F, 1.0F}, {1 + 0x3p-8F, 1 + 0x1p-6F}}) {
    const Problem problem{FactorMatrix::Ones(1, 1), {0}, {root * root}, {2.0F}};

    const Sums actual = form(kernels_, problem, true);

    EXPECT_EQ(actual.matrix[0], rounded * rounded);
    EXPECT_EQ(actual.rhs[0], 2.0F);
  }
}

TEST_P(NormalEquationsTest, forms_the_same_bits_from_ones_as_from_weights_of_one) {
  for (const bool bf16 : {false, true}) {
    SCOPED_TRACE(bf16);
    Problem problem = whole_number_problem(40, 333, false);
    const Sums ones = form(kernels_, problem, bf16);
    problem.weights.assign(333, 1.0F);
    problem.targets = problem.weights;

    const Sums weighted = form(kernels_, problem, bf16);

    EXPECT_EQ(weighted.matrix, ones.matrix);
    EXPECT_EQ(weighted.rhs, ones.rhs);
  }
}

}  // namespace
}  // namespace alsace
