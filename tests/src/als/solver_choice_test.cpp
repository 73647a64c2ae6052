#include "src/als/solver_choice.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "src/kernels/kernel_table.hpp"

namespace alsace {
namespace {

TrainConfig config_of(Solver solver, int factors) {
  TrainConfig config = TrainConfig::defaults(Objective::ials);
  config.solver = solver;
  config.factors = factors;
  config.precision = Precision::fp32;
  return config;
}

TEST(MethodChoiceTest, gives_short_rows_to_the_dual_and_never_goes_back) {
  for (const std::string_view level : supported_kernel_levels()) {
    for (const int factors : {16, 32, 64, 100, 128, 256, 512}) {
      SCOPED_TRACE(fmt::format("{}, K = {}", level, factors));
      const MethodChoice choice(config_of(Solver::auto_, factors), level);

      std::vector<RowMethod> methods;
      for (std::size_t n = 1; n <= 20'000; ++n)
        if (methods.empty() || methods.back() != choice(n)) methods.push_back(choice(n));

      EXPECT_EQ(methods, (std::vector{RowMethod::dual, RowMethod::cholesky})) << methods.size();
      if (factors >= 64) {
        EXPECT_EQ(choice(12), RowMethod::dual);
      }
    }
  }
}

TEST(MethodChoiceTest, gives_longer_rows_to_the_dual_where_there_are_more_factors) {
  for (const std::string_view level : supported_kernel_levels()) {
    const auto longest_dual = [&](int factors) {
      const MethodChoice choice(config_of(Solver::auto_, factors), level);
      std::size_t n = 0;
      while (choice(n + 1) == RowMethod::dual) ++n;
      return n;
    };
    EXPECT_LT(longest_dual(16), longest_dual(64)) << level;
    EXPECT_LT(longest_dual(64), longest_dual(128)) << level;
  }
}

TEST(MethodChoiceTest, does_as_it_is_told) {
  EXPECT_EQ(MethodChoice(config_of(Solver::cholesky, 64), "portable")(1), RowMethod::cholesky);
  EXPECT_EQ(MethodChoice(config_of(Solver::dual, 64), "portable")(1000), RowMethod::dual);
  EXPECT_EQ(MethodChoice(config_of(Solver::cg, 64), "portable")(1), RowMethod::cg);
  EXPECT_EQ(MethodChoice(config_of(Solver::cg, 64), "portable")(50'000), RowMethod::cg);
  EXPECT_EQ(MethodChoice(config_of(Solver::subspace, 64), "portable")(50'000), RowMethod::subspace);
  // Their work space would grow beyond bounds.
  EXPECT_EQ(MethodChoice(config_of(Solver::dual, 64), "portable")(100'000), RowMethod::cholesky);
  EXPECT_EQ(MethodChoice(config_of(Solver::cg, 64), "portable")(100'000), RowMethod::cholesky);
}

TEST(MethodChoiceTest, knows_who_starts_from_the_last_value) {
  EXPECT_FALSE(may_start_warm(config_of(Solver::auto_, 512)));
  EXPECT_FALSE(may_start_warm(config_of(Solver::dual, 512)));
  EXPECT_FALSE(may_start_warm(config_of(Solver::cholesky, 512)));
  EXPECT_TRUE(may_start_warm(config_of(Solver::cg, 16)));
  EXPECT_TRUE(may_start_warm(config_of(Solver::subspace, 16)));
}

TEST(ResolvePrecisionTest, rounds_to_bf16_only_when_told) {
  EXPECT_EQ(resolve_precision(Precision::auto_), Precision::fp32);
  EXPECT_EQ(resolve_precision(Precision::fp32), Precision::fp32);
  EXPECT_EQ(resolve_precision(Precision::bf16), Precision::bf16);
}

TEST(RowCountsTest, adds_up_and_names_what_there_is) {
  RowCounts counts;
  counts[RowMethod::dual] = 3;
  RowCounts more;
  more[RowMethod::dual] = 4;
  more[RowMethod::cholesky] = 1;

  counts += more;

  EXPECT_EQ(to_text(counts), "cholesky 1, dual 7");
}

}  // namespace
}  // namespace alsace
