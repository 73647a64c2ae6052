// The exact Gramian's blocks: the same bits at every level.
#include <cmath>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/src/kernels/kernel_level.hpp"
#include "tests/support/dense_problem.hpp"

namespace alsace {
namespace {

class GramBlockTest : public test::KernelLevelTest {};
ALSACE_TEST_ALL_LEVELS(GramBlockTest);

TEST_P(GramBlockTest, adds_the_rounded_sums_of_doubles_in_row_order) {
  for (const int factors : {1, 7, 8, 16, 31, 64, 100, 128, 200})
    for (const std::size_t count : {1U, 2U, 63U, 64U}) {
      SCOPED_TRACE(fmt::format("K = {}, {} rows", factors, count));
      const auto k = static_cast<std::size_t>(factors);
      const std::size_t padded = padded_factors(factors);
      const FactorMatrix rows = test::random_factors(static_cast<Eigen::Index>(count), factors, 8);
      std::vector<double> scales(padded);
      for (std::size_t i = 0; i < k; ++i) scales[i] = std::ldexp(1.0, 20 + static_cast<int>(i % 3));
      std::vector<std::int64_t> totals(padded * padded, 5);
      test::Buffer<double> workspace(64 * padded);

      kernels_.add_gram_block(rows.data(), count, factors, scales.data(), totals.data(), workspace.data());

      for (std::size_t i = 0; i < k; ++i)
        for (std::size_t j = i; j < k; ++j) {
          double sum = 0;
          for (std::size_t r = 0; r < count; ++r)
            sum += static_cast<double>(rows.data()[r * k + i]) * static_cast<double>(rows.data()[r * k + j]);
          ASSERT_EQ(totals[i * padded + j], 5 + std::llrint(sum * scales[i] * scales[j])) << i << ", " << j;
        }
    }
}

TEST_P(GramBlockTest, rounds_halves_to_even) {
  const FactorMatrix rows = FactorMatrix::Constant(1, 3, 0.5F);
  std::vector<double> scales(16);
  scales[0] = 1;
  scales[1] = 2;
  scales[2] = 6;
  std::vector<std::int64_t> totals(16 * 16);
  test::Buffer<double> workspace(std::size_t{64} * 16);

  kernels_.add_gram_block(rows.data(), 1, 3, scales.data(), totals.data(), workspace.data());

  EXPECT_EQ(totals[1], 0);       // 0.5
  EXPECT_EQ(totals[2], 2);       // 1.5
  EXPECT_EQ(totals[18], 3);      // 3
  EXPECT_EQ(totals[2 * 17], 9);  // 9
}

TEST_P(GramBlockTest, adds_squares_in_row_order) {
  const FactorMatrix rows = test::random_factors(37, 29, 9);
  std::vector<double> sums(29, 1.0);

  kernels_.add_block_squares(rows.data(), 37, 29, sums.data());

  for (Eigen::Index i = 0; i < 29; ++i) {
    double sum = 1;
    for (Eigen::Index r = 0; r < 37; ++r) sum += static_cast<double>(rows(r, i)) * static_cast<double>(rows(r, i));
    EXPECT_EQ(sums[static_cast<std::size_t>(i)], sum);
  }
}

}  // namespace
}  // namespace alsace
