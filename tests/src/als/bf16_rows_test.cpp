#include "src/als/bf16_rows.hpp"

#include <bit>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "src/kernels/kernel_table.hpp"
#include "tests/support/dense_problem.hpp"

namespace alsace {
namespace {

constexpr float ulp = 0x1p-7F;  // of a bf16 in [1, 2)

TEST(RoundToBf16Test, rounds_to_the_nearest_and_ties_to_even) {
  EXPECT_EQ(round_to_bf16(1.0F), 1.0F);
  EXPECT_EQ(round_to_bf16(1.0F + 0.49F * ulp), 1.0F);
  EXPECT_EQ(round_to_bf16(1.0F + 0.51F * ulp), 1.0F + ulp);
  EXPECT_EQ(round_to_bf16(1.0F + 0.5F * ulp), 1.0F);
  EXPECT_EQ(round_to_bf16(1.0F + 1.5F * ulp), 1.0F + 2 * ulp);
  EXPECT_EQ(round_to_bf16(-1.0F - 1.5F * ulp), -1.0F - 2 * ulp);
  EXPECT_EQ(round_to_bf16(2.0F - 0.25F * ulp), 2.0F);  // carries into the exponent
}

TEST(RoundToBf16Test, keeps_what_is_no_finite_number) {
  const float infinity = std::numeric_limits<float>::infinity();

  EXPECT_EQ(round_to_bf16(infinity), infinity);
  EXPECT_EQ(round_to_bf16(-std::numeric_limits<float>::max()), -infinity);
  EXPECT_TRUE(std::isnan(round_to_bf16(std::bit_cast<float>(0x7f800001U))));  // whose upper half alone is infinity
  EXPECT_TRUE(std::signbit(round_to_bf16(-0.0F)));
}

TEST(RoundToBf16Test, rounds_many_like_one) {
  FactorMatrix values = test::random_factors(3, 37, 1);
  const FactorMatrix before = values;

  round_to_bf16(values.data(), 110);

  for (Eigen::Index i = 0; i < 110; ++i) EXPECT_EQ(values.data()[i], round_to_bf16(before.data()[i])) << i;
  EXPECT_EQ(values.data()[110], before.data()[110]);
}

TEST(Bf16RowsTest, pads_rows_with_zeros_to_aligned_strides) {
  for (const int factors : {1, 31, 32, 33, 64}) {
    const FactorMatrix rows = test::random_factors(9, factors, 2);

    for (const int threads : {1, 3}) {
      const Bf16Rows narrow(rows, threads);

      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(narrow.data()) % 64, 0U);
      const std::size_t stride = bf16_stride(factors);
      EXPECT_EQ(stride % 32, 0U);
      for (Eigen::Index row = 0; row < rows.rows(); ++row)
        for (Eigen::Index k = 0; k < static_cast<Eigen::Index>(stride); ++k) {
          const std::uint32_t upper =
              narrow.data()[static_cast<std::size_t>(row) * stride + static_cast<std::size_t>(k)];
          EXPECT_EQ(std::bit_cast<float>(upper << 16), k < factors ? round_to_bf16(rows(row, k)) : 0.0F);
        }
    }
  }
}

}  // namespace
}  // namespace alsace
