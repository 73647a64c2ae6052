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
#include "tests/src/kernels/kernel_level.hpp"
#include "tests/support/dense_problem.hpp"

namespace alsace {
namespace {

using test::Buffer;
using test::fp32_epsilon;
using test::KernelLevelTest;
ALSACE_TEST_ALL_LEVELS(KernelLevelTest);

TEST_P(KernelLevelTest, solves_positive_definite_systems) {
  for (const int factors : {1, 2, 7, 8, 9, 15, 16, 17, 31, 64, 100, 128, 200, 256, 512}) {
    SCOPED_TRACE(factors);
    const FactorMatrix64 root = test::random_factors(2 * factors, factors, 5).cast<double>();
    const GramMatrix matrix =
        root.transpose() * root + GramMatrix::Identity(factors, factors) * static_cast<double>(factors);
    const Eigen::VectorXd x = test::random_factors(factors, 1, 6).cast<double>();
    const Eigen::VectorXd b = matrix * x;
    const std::size_t padded = padded_factors(factors);
    Buffer<float> work(padded * padded);
    Buffer<float> rhs(padded);
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
      Buffer<float> work(32 * 32);
      Buffer<float> rhs(32);
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

TEST_P(KernelLevelTest, gathered_inner_products_have_the_same_bits) {
  for (const int factors : {1, 7, 16, 31, 64, 100}) {
    SCOPED_TRACE(factors);
    const FactorMatrix fixed = test::random_factors(50, factors, 1);
    const FactorMatrix x = test::random_factors(1, factors, 2);
    std::vector<std::uint32_t> columns;
    for (std::uint32_t j = 0; j < 103; ++j) columns.push_back(j * 17 % 50);
    std::vector<float> scores(100);

    kernels_.gathered_inner_products(fixed.data(), factors, columns.data(), 99, 4, x.data(), scores.data());

    for (std::size_t j = 0; j < 99; ++j)
      EXPECT_EQ(scores[j], defined_inner_product(x.data(), fixed.data() + columns[j] * fixed.cols(),
                                                 static_cast<std::size_t>(factors)));
    EXPECT_EQ(scores[99], 0.0F) << "written past the end";
  }
}

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

TEST(KernelTableTest, runs_what_the_processor_has) {
#if defined(__x86_64__)
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
  const auto levels = supported_kernel_levels();
  const auto has = [&](std::string_view level) {
    return std::find(levels.begin(), levels.end(), level) != levels.end();
  };

  EXPECT_EQ(has("avx2"), __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"));
  EXPECT_EQ(has("avx512"), avx512);
  EXPECT_EQ(has("avx512_bf16"), avx512 && __builtin_cpu_supports("avx512bf16"));
#endif
}

}  // namespace
}  // namespace alsace
