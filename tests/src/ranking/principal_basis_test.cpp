#include "src/ranking/principal_basis.hpp"

#include <cmath>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/ranking_data.hpp"

namespace alsace {
namespace {

using test::factor_rows;

constexpr Eigen::Index enough = PrincipalBasis::least_rows;

PrincipalBasis basis_of(const FactorMatrix& rows) {
  return {rows.data(), static_cast<std::size_t>(rows.rows()), static_cast<int>(rows.cols())};
}

long double product(const std::vector<double>& a, const std::vector<double>& b) {
  long double sum = 0;
  for (std::size_t k = 0; k < a.size(); ++k) sum += static_cast<long double>(a[k]) * b[k];
  return sum;
}

TEST(PrincipalBasisTest, inner_products_and_lengths_stay_within_its_error) {
  const KernelTable& kernels = kernel_table("portable");
  for (const int factors : {64, 100, 128}) {
    const FactorMatrix rows = factor_rows(enough, factors, true, 1);
    const PrincipalBasis basis = basis_of(rows);
    ASSERT_FALSE(basis.empty());
    const auto width = static_cast<std::size_t>(factors);
    long double most = 0;
    for (Eigen::Index i = 0; i < 400; ++i) {
      const float sizes[] = {1, 1e-20F, 1e-42F, 1e30F};
      const FactorMatrix x = rows.row(i) * sizes[i % 4];
      const FactorMatrix y = rows.row(i + 400) * sizes[i / 4 % 4];
      std::vector<double> turned_x(width);
      std::vector<double> turned_y(width);

      basis.turn(kernels, x.data(), turned_x.data());
      basis.turn(kernels, y.data(), turned_y.data());

      const std::vector<double> own_x(x.data(), x.data() + width);
      const std::vector<double> own_y(y.data(), y.data() + width);
      const long double norm_x = std::sqrt(product(own_x, own_x));
      const long double norms = norm_x * std::sqrt(product(own_y, own_y));
      const long double error = std::abs(product(turned_x, turned_y) - product(own_x, own_y));
      ASSERT_LE(error, basis.error() * norms) << "row " << i;
      ASSERT_LE(norm_x * (1 - basis.error()), std::sqrt(product(turned_x, turned_x)));
      most = std::max(most, error / norms);
    }
    EXPECT_GT(most, 0.001L * basis.error());
    EXPECT_LT(basis.error(), 1e-4);
  }
}

TEST(PrincipalBasisTest, the_principal_part_holds_most_of_every_row) {
  const FactorMatrix rows = factor_rows(enough, 128, true, 2);
  const PrincipalBasis basis = basis_of(rows);
  std::vector<double> turned(128);
  double principal = 0;
  double all = 0;
  for (Eigen::Index i = 0; i < 1000; ++i) {
    basis.turn(kernel_table("portable"), rows.row(i).data(), turned.data());
    for (std::size_t k = 0; k < 128; ++k) {
      all += turned[k] * turned[k];
      if (k < static_cast<std::size_t>(basis.principal())) principal += turned[k] * turned[k];
    }
  }

  EXPECT_EQ(basis.principal() % 16, 0);
  EXPECT_LE(basis.principal(), 80);
  EXPECT_GT(principal, 0.79 * all);
}

TEST(PrincipalBasisTest, all_levels_turn_rows_into_the_same_bits) {
  const FactorMatrix rows = factor_rows(enough, 100, true, 3);
  const PrincipalBasis basis = basis_of(rows);
  std::vector<double> expected(100);
  std::vector<double> turned(100);
  for (const std::string_view level : supported_kernel_levels())
    for (Eigen::Index i = 0; i < 50; ++i) {
      basis.turn(kernel_table("portable"), rows.row(i).data(), expected.data());
      basis.turn(kernel_table(level), rows.row(i).data(), turned.data());
      ASSERT_EQ(turned, expected) << level;
    }
}

TEST(PrincipalBasisTest, is_empty_where_it_would_not_pay) {
  std::mt19937_64 engine(4);
  std::normal_distribution<float> normal;
  const FactorMatrix flat = FactorMatrix::NullaryExpr(enough, 64, [&] { return normal(engine); });

  EXPECT_TRUE(basis_of(flat).empty()) << "all coordinates alike";
  EXPECT_TRUE(basis_of(FactorMatrix::Zero(enough, 64)).empty());
  EXPECT_TRUE(basis_of(factor_rows(enough - 1, 64, true, 5)).empty()) << "few rows";
  EXPECT_TRUE(basis_of(factor_rows(enough, 16, true, 5)).empty()) << "few factors";
  FactorMatrix falling = factor_rows(enough, 64, true, 6);
  EXPECT_FALSE(basis_of(falling).empty());
  falling.topRows(100) *= 100;
  EXPECT_TRUE(basis_of(falling).empty()) << "a few are much longer than the others";
  std::vector<double> turned(64);
  const PrincipalBasis none = basis_of(flat);
  none.turn(kernel_table("portable"), flat.row(0).data(), turned.data());
  EXPECT_EQ(turned, std::vector<double>(flat.row(0).data(), flat.row(0).data() + 64));
  EXPECT_EQ(none.error(), 0);
  EXPECT_EQ(none.principal(), 64);
}

}  // namespace
}  // namespace alsace
