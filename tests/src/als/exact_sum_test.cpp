#include "src/als/exact_sum.hpp"

#include <limits>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/als/gramian.hpp"
#include "src/error.hpp"
#include "tests/support/dense_problem.hpp"
#include "tests/support/simulated_ranks.hpp"

namespace alsace {
namespace {

const KernelTable& kernels() {
  return kernel_table(supported_kernel_levels().back());
}

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// 1000 values over 40 powers of ten: 15 whole blocks and one of 40 rows.
std::vector<double> spread_values(std::size_t count) {
  std::mt19937 engine(1);
  std::uniform_real_distribution<double> exponent(-20, 20);
  std::vector<double> values(count);
  for (double& value : values) value = std::pow(10.0, exponent(engine)) * (engine() % 2 == 0 ? 1 : -1);
  return values;
}

/// Where each rank's rows end: whole blocks, with ranks that have none.
std::vector<std::vector<std::size_t>> deals(std::size_t rows) {
  return {{rows}, {0, rows}, {64, rows}, {640, 640, rows}, {128, 192, 960, rows}, {rows, rows, rows, rows, rows}};
}

TEST(ExactSumTest, has_the_same_bits_however_blocks_are_dealt_to_ranks) {
  const std::vector<double> values = spread_values(1000);
  LocalReducer local;
  const double alone = exact_sum(values, values.size(), local, "values");

  for (const auto& ends : deals(values.size())) {
    const std::vector<double> sums = test::on_ranks<double>(ends.size(), [&](std::size_t rank, Reducer& reducer) {
      const std::size_t begin = rank == 0 ? 0 : ends[rank - 1];
      return exact_sum(std::span(values).subspan(begin, ends[rank] - begin), values.size(), reducer, "values");
    });

    EXPECT_THAT(sums, testing::Each(alone)) << ends.size() << " ranks";
  }
}

TEST(ExactSumTest, sums_whole_numbers_exactly) {
  std::vector<double> values(200);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i) - 50;
  LocalReducer reducer;

  EXPECT_EQ(exact_sum(values, values.size(), reducer, "values"), 9900.0);
}

TEST(ExactSumTest, sums_nothing_and_zeros_to_zero) {
  LocalReducer reducer;

  EXPECT_EQ(exact_sum({}, 0, reducer, "values"), 0.0);
  EXPECT_EQ(exact_sum(std::vector<double>(100, 0.0), 100, reducer, "values"), 0.0);
}

TEST(ExactSumTest, keeps_values_near_both_ends_of_the_range) {
  LocalReducer reducer;

  EXPECT_EQ(exact_sum(std::vector<double>{0x1p-1070, 0x1p-1070}, 2, reducer, "values"), 0.0);
  EXPECT_EQ(exact_sum(std::vector<double>{0x1p-900, 0x1p-900}, 2, reducer, "values"), 0x1p-899);
  EXPECT_EQ(exact_sum(std::vector<double>{0x1p1022, 0x1p1021}, 2, reducer, "values"), 0x1.8p1022);
}

TEST(ExactSumTest, gives_every_column_its_own_scale) {
  std::vector<double> values;
  for (int row = 0; row < 100; ++row) values.insert(values.end(), {1e20, 1e-20});
  LocalReducer reducer;

  const std::vector<double> sums = exact_sums(values, 2, 100, reducer, "values");

  EXPECT_DOUBLE_EQ(sums[0], 1e22);
  EXPECT_DOUBLE_EQ(sums[1], 1e-18);
}

TEST(ExactSumTest, is_within_1e_13_of_the_sum_of_magnitudes) {
  std::mt19937 engine(2);
  std::normal_distribution<double> normal;
  std::vector<double> values(20'000);
  long double expected = 0;
  long double magnitude = 0;
  for (double& value : values) {
    value = normal(engine);
    expected += static_cast<long double>(value);
    magnitude += static_cast<long double>(std::abs(value));
  }
  LocalReducer reducer;

  const double sum = exact_sum(values, values.size(), reducer, "values");

  EXPECT_LE(std::abs(static_cast<double>(static_cast<long double>(sum) - expected)),
            1e-13 * static_cast<double>(magnitude));
}

TEST(ExactSumTest, throws_on_every_rank_when_one_meets_a_number_that_is_not_finite) {
  for (const double bad : {not_a_number, std::numeric_limits<double>::infinity()}) {
    const std::vector<int> codes = test::on_ranks<int>(3, [&](std::size_t rank, Reducer& reducer) {
      std::vector<double> values(64, 1.0);
      if (rank == 1) values[7] = bad;
      try {
        exact_sum(values, 192, reducer, "loss");
      } catch (const Error& error) {
        EXPECT_THAT(error.what(), testing::HasSubstr("loss"));
        return static_cast<int>(error.kind());
      }
      return 0;
    });

    EXPECT_THAT(codes, testing::Each(static_cast<int>(ErrorKind::numerics)));
  }
}

TEST(GramianTest, has_the_same_bits_however_blocks_are_dealt_to_ranks_and_threads) {
  const int factors = 31;
  FactorMatrix rows = test::random_factors(1000, factors, 3);
  for (Eigen::Index row = 0; row < rows.rows(); ++row) rows.row(row) *= 1.0F / static_cast<float>(row + 1);
  LocalReducer local;
  const GramMatrix alone = gramian(kernels(), rows.data(), 1000, factors, 1000, 1, local, "items");

  for (const auto& ends : deals(1000)) {
    for (const int threads : {1, 3}) {
      const auto results = test::on_ranks<GramMatrix>(ends.size(), [&](std::size_t rank, Reducer& reducer) {
        const std::size_t begin = rank == 0 ? 0 : ends[rank - 1];
        return gramian(kernels(), rows.data() + begin * static_cast<std::size_t>(factors), ends[rank] - begin, factors,
                       1000, threads, reducer, "items");
      });

      for (const GramMatrix& result : results) EXPECT_EQ(result, alone) << ends.size() << " ranks";
    }
  }
}

TEST(GramianTest, is_within_1e_13_of_a_sum_in_long_double) {
  for (const int factors : {1, 3, 16, 65}) {
    FactorMatrix rows = test::random_factors(20'000, factors, 4);
    for (Eigen::Index column = 0; column < factors; ++column)
      rows.col(column) *= std::pow(0.5F, static_cast<float>(column));
    const auto wide = rows.cast<long double>().eval();
    const auto expected = (wide.transpose() * wide).eval();
    LocalReducer reducer;

    const GramMatrix actual = gramian(kernels(), rows.data(), 20'000, factors, 20'000, 2, reducer, "items");

    for (Eigen::Index i = 0; i < factors; ++i)
      for (Eigen::Index j = 0; j < factors; ++j) {
        EXPECT_EQ(actual(i, j), actual(j, i));
        EXPECT_LE(std::abs(static_cast<double>(static_cast<long double>(actual(i, j)) - expected(i, j))),
                  1e-13 * std::sqrt(actual(i, i) * actual(j, j)));
      }
  }
}

TEST(GramianTest, of_zeros_is_zero) {
  const FactorMatrix rows = FactorMatrix::Zero(70, 5);
  LocalReducer reducer;

  EXPECT_EQ(gramian(kernels(), rows.data(), 70, 5, 70, 2, reducer, "items"), GramMatrix::Zero(5, 5));
}

TEST(GramianTest, keeps_a_column_of_zeros_beside_one_that_is_not) {
  FactorMatrix rows = FactorMatrix::Zero(70, 2);
  rows.col(1).setConstant(0x1p-20F);
  LocalReducer reducer;

  const GramMatrix sums = gramian(kernels(), rows.data(), 70, 2, 70, 1, reducer, "items");

  EXPECT_EQ(sums(0, 0), 0.0);
  EXPECT_EQ(sums(0, 1), 0.0);
  EXPECT_EQ(sums(1, 1), 70 * 0x1p-40);
}

TEST(GramianTest, throws_on_every_rank_when_one_meets_a_number_that_is_not_finite) {
  const std::vector<int> codes = test::on_ranks<int>(2, [&](std::size_t rank, Reducer& reducer) {
    FactorMatrix rows = FactorMatrix::Ones(64, 3);
    if (rank == 1) rows(5, 2) = std::numeric_limits<float>::quiet_NaN();
    try {
      gramian(kernels(), rows.data(), 64, 3, 128, 1, reducer, "item factors");
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr("item factors"));
      return static_cast<int>(error.kind());
    }
    return 0;
  });

  EXPECT_THAT(codes, testing::Each(static_cast<int>(ErrorKind::numerics)));
}

}  // namespace
}  // namespace alsace
