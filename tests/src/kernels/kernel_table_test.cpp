#include "src/kernels/kernel_table.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include <Eigen/Cholesky>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/error.hpp"
#include "src/matrix.hpp"
#include "tests/support/dense_problem.hpp"

namespace alsace {
namespace {

constexpr double fp32_epsilon = 0x1p-24;

/// Zeroed floats that start `offset` floats after a 64-byte bound.
class Buffer {
 public:
  explicit Buffer(std::size_t count, std::size_t offset = 0) : bytes_(count + offset + 16, 0.0F), offset_(offset) {}
  float* data() {
    const auto address = reinterpret_cast<std::uintptr_t>(bytes_.data());
    return bytes_.data() + (64 - address % 64) % 64 / sizeof(float) + offset_;
  }

 private:
  std::vector<float> bytes_;
  std::size_t offset_;
};

class KernelLevelTest : public testing::TestWithParam<std::string_view> {
 protected:
  const KernelTable& kernels_ = kernel_table(GetParam());
};

TEST_P(KernelLevelTest, is_the_level_that_was_asked_for) {
  EXPECT_EQ(kernels_.level, GetParam());
}

struct NormalEquations {
  GramMatrix matrix;
  Eigen::VectorXd rhs;
  GramMatrix magnitude;  ///< Σ |weight · y_i · y_j|: what rounding is relative to
};

NormalEquations in_double(const FactorMatrix& fixed, const std::vector<std::uint32_t>& columns,
                          const std::vector<float>& weights, const std::vector<float>& targets) {
  const Eigen::Index k = fixed.cols();
  NormalEquations sums{GramMatrix::Zero(k, k), Eigen::VectorXd::Zero(k), GramMatrix::Zero(k, k)};
  for (std::size_t j = 0; j < columns.size(); ++j) {
    const Eigen::VectorXd y = fixed.row(columns[j]).cast<double>();
    sums.matrix += static_cast<double>(weights[j]) * y * y.transpose();
    sums.magnitude += static_cast<double>(std::abs(weights[j])) * y.cwiseAbs() * y.cwiseAbs().transpose();
    sums.rhs += static_cast<double>(targets[j]) * y;
  }
  return sums;
}

TEST_P(KernelLevelTest, forms_normal_equations_like_sums_in_double) {
  for (const int factors : {1, 7, 8, 16, 31, 64, 100, 128}) {
    for (const std::size_t n : {1U, 63U, 64U, 65U, 1000U}) {
      SCOPED_TRACE(fmt::format("K = {}, n = {}", factors, n));
      const FactorMatrix fixed = test::random_factors(500, factors, 3);
      std::vector<std::uint32_t> columns(n);
      std::vector<float> weights(n);
      std::vector<float> targets(n);
      for (std::size_t j = 0; j < n; ++j) {
        columns[j] = static_cast<std::uint32_t>(j * 7 % 500);
        weights[j] = 0.1F + static_cast<float>(j % 3);
        targets[j] = weights[j] + 1;
      }
      const std::size_t padded = padded_factors(factors);
      Buffer matrix(padded * padded);
      Buffer rhs(padded);
      Buffer workspace(normal_equations_workspace(factors));

      kernels_.form_normal_equations(fixed.data(), factors, columns.data(), weights.data(), targets.data(), n,
                                     matrix.data(), rhs.data(), workspace.data());

      const NormalEquations expected = in_double(fixed, columns, weights, targets);
      // Three roundings to form a product's sum, up to 64 additions in a chunk and one for each of its n/64 sums.
      const double limit =
          (3.0 + static_cast<double>(std::min<std::size_t>(n, 64)) + static_cast<double>(n) / 64) * fp32_epsilon;
      for (Eigen::Index i = 0; i < factors; ++i)
        for (Eigen::Index j = i; j < factors; ++j)
          EXPECT_NEAR(
              static_cast<double>(matrix.data()[static_cast<std::size_t>(i) * padded + static_cast<std::size_t>(j)]),
              expected.matrix(i, j), limit * expected.magnitude(i, j));
      for (Eigen::Index i = 0; i < factors; ++i)
        EXPECT_NEAR(static_cast<double>(rhs.data()[i]), expected.rhs(i), limit * 10 * static_cast<double>(n));
    }
  }
}

TEST_P(KernelLevelTest, sums_small_whole_numbers_exactly_and_adds_to_what_is_there) {
  const int factors = 20;
  FactorMatrix fixed(3, factors);
  for (Eigen::Index i = 0; i < fixed.size(); ++i) fixed.data()[i] = static_cast<float>(i % 7 - 3);
  const std::vector<std::uint32_t> columns{0, 2, 1, 2};
  const std::vector<float> weights{1, 2, 3, 4};
  const std::vector<float> targets{4, 3, 2, 1};
  const std::size_t padded = padded_factors(factors);
  Buffer matrix(padded * padded);
  Buffer rhs(padded);
  Buffer workspace(normal_equations_workspace(factors));
  matrix.data()[0] = 100;
  rhs.data()[19] = 200;

  kernels_.form_normal_equations(fixed.data(), factors, columns.data(), weights.data(), targets.data(), 4,
                                 matrix.data(), rhs.data(), workspace.data());

  NormalEquations expected = in_double(fixed, columns, weights, targets);
  expected.matrix(0, 0) += 100;
  expected.rhs(19) += 200;
  for (Eigen::Index i = 0; i < factors; ++i) {
    for (Eigen::Index j = i; j < factors; ++j)
      EXPECT_EQ(static_cast<double>(matrix.data()[static_cast<std::size_t>(i) * padded + static_cast<std::size_t>(j)]),
                expected.matrix(i, j));
    EXPECT_EQ(static_cast<double>(rhs.data()[i]), expected.rhs(i));
  }
  for (std::size_t j = 20; j < padded; ++j) EXPECT_EQ(matrix.data()[j], 0.0F) << "padding, column " << j;
}

TEST_P(KernelLevelTest, gives_the_same_bits_at_any_alignment_of_the_fixed_side) {
  const int factors = 31;
  const std::size_t n = 200;
  const FactorMatrix source = test::random_factors(100, factors, 4);
  std::vector<std::uint32_t> columns(n);
  for (std::size_t j = 0; j < n; ++j) columns[j] = static_cast<std::uint32_t>(j * 3 % 100);
  const std::vector<float> weights(n, 0.3F);
  const std::vector<float> targets(n, 1.7F);
  const std::size_t padded = padded_factors(factors);
  std::vector<std::vector<float>> results;
  std::vector<std::vector<float>> scores;

  for (const std::size_t offset : {0U, 1U, 3U, 8U, 13U}) {
    Buffer fixed(static_cast<std::size_t>(source.size()), offset);
    std::copy_n(source.data(), source.size(), fixed.data());
    Buffer matrix(padded * padded);
    Buffer rhs(padded);
    Buffer workspace(normal_equations_workspace(factors));
    kernels_.form_normal_equations(fixed.data(), factors, columns.data(), weights.data(), targets.data(), n,
                                   matrix.data(), rhs.data(), workspace.data());
    results.emplace_back(matrix.data(), matrix.data() + padded * padded);
    scores.emplace_back(std::size_t{3} * 97);
    kernels_.inner_products(fixed.data(), 3, fixed.data() + 3 * factors, 97, factors, scores.back().data());
  }

  EXPECT_THAT(results, testing::Each(results[0]));
  EXPECT_THAT(scores, testing::Each(scores[0]));
}

TEST_P(KernelLevelTest, solves_positive_definite_systems) {
  for (const int factors : {1, 2, 7, 8, 9, 15, 16, 17, 31, 64, 100, 128}) {
    SCOPED_TRACE(factors);
    const FactorMatrix64 root = test::random_factors(2 * factors, factors, 5).cast<double>();
    const GramMatrix matrix =
        root.transpose() * root + GramMatrix::Identity(factors, factors) * static_cast<double>(factors);
    const Eigen::VectorXd x = test::random_factors(factors, 1, 6).cast<double>();
    const Eigen::VectorXd b = matrix * x;
    const std::size_t padded = padded_factors(factors);
    Buffer work(padded * padded);
    Buffer rhs(padded);
    for (Eigen::Index i = 0; i < factors; ++i) {
      for (Eigen::Index j = i; j < factors; ++j)
        work.data()[static_cast<std::size_t>(i) * padded + static_cast<std::size_t>(j)] =
            static_cast<float>(matrix(i, j));
      rhs.data()[i] = static_cast<float>(b(i));
    }

    const bool solved = kernels_.solve_positive_definite(work.data(), rhs.data(), factors);

    ASSERT_TRUE(solved);
    const Eigen::VectorXd actual = Eigen::Map<Eigen::VectorXf>(rhs.data(), factors).cast<double>();
    // These systems have a condition below 8 at every size, so x is right to a few roundings.
    EXPECT_LE((actual - x).norm(), 20 * fp32_epsilon * x.norm());
  }
}

TEST_P(KernelLevelTest, refuses_matrices_that_are_not_positive_definite) {
  for (const float pivot :
       {0.0F, -1.0F, std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    for (const std::size_t at : {0U, 9U, 19U}) {
      Buffer work(32 * 32);
      Buffer rhs(32);
      for (std::size_t i = 0; i < 20; ++i) work.data()[i * 32 + i] = i == at ? pivot : 1.0F;

      EXPECT_FALSE(kernels_.solve_positive_definite(work.data(), rhs.data(), 20)) << pivot << " at " << at;
    }
  }
}

/// The definition in kernel_table.hpp, to the letter.
float defined_inner_product(const float* x, const float* y, std::size_t factors) {
  float lane[16] = {};
  for (std::size_t k = 0; k < factors; ++k) lane[k % 16] += x[k] * y[k];
  for (const std::size_t half : {8U, 4U, 2U, 1U})
    for (std::size_t l = 0; l < half; ++l) lane[l] += lane[l + half];
  return lane[0];
}

TEST_P(KernelLevelTest, inner_products_have_the_bits_of_their_definition) {
  for (const int factors : {1, 7, 8, 15, 16, 17, 31, 64, 100, 128}) {
    SCOPED_TRACE(factors);
    const FactorMatrix queries = test::random_factors(3, factors, 1);
    const FactorMatrix items = test::random_factors(11, factors, 2);
    std::vector<float> scores(std::size_t{3} * 11);

    kernels_.inner_products(queries.data(), 3, items.data(), 11, factors, scores.data());

    for (Eigen::Index q = 0; q < 3; ++q)
      for (Eigen::Index i = 0; i < 11; ++i)
        EXPECT_EQ(scores[static_cast<std::size_t>(q * 11 + i)],
                  defined_inner_product(queries.data() + q * factors, items.data() + i * factors,
                                        static_cast<std::size_t>(factors)));
  }
}

INSTANTIATE_TEST_SUITE_P(Levels, KernelLevelTest, testing::ValuesIn(supported_kernel_levels()),
                         [](const auto& each) { return std::string(each.param); });

TEST(KernelTableTest, refuses_an_unknown_level_and_names_the_known) {
  try {
    (void)kernel_table("mmx");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_THAT(error.what(), testing::AllOf(testing::HasSubstr("mmx"), testing::HasSubstr("portable")));
  }
}

TEST(KernelTableTest, runs_the_portable_level_everywhere) {
  EXPECT_EQ(supported_kernel_levels().front(), "portable");
}

}  // namespace
}  // namespace alsace
