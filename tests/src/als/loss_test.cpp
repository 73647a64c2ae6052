#include "src/als/loss.hpp"

#include <numeric>

#include <gtest/gtest.h>

#include "src/als/objective.hpp"
#include "src/als/serial_trainer.hpp"
#include "tests/support/dense_problem.hpp"

namespace alsace {
namespace {

/// The objective as it is defined: over every pair, one by one.
double loss_over_all_pairs(const TrainConfig& config, const SparseRows& by_user, const FactorMatrix64& x,
                           const FactorMatrix64& y) {
  FactorMatrix64 values = FactorMatrix64::Zero(x.rows(), y.rows());
  FactorMatrix64 seen = values;
  for (std::size_t row = 0; row < by_user.rows(); ++row)
    for (std::size_t i = 0; i < by_user.row_length(row); ++i) {
      values(static_cast<Eigen::Index>(row), by_user.columns_of(row)[i]) =
          static_cast<double>(by_user.values_of(row)[i]);
      seen(static_cast<Eigen::Index>(row), by_user.columns_of(row)[i]) = 1;
    }
  const double unobserved = config.objective == Objective::ials ? config.unobserved_weight : 0.0;
  const auto weight = [&](double n, Eigen::Index other_side) {
    return config.regularization * (n + unobserved * static_cast<double>(other_side));
  };
  double loss = 0;
  for (Eigen::Index u = 0; u < x.rows(); ++u) {
    loss += weight(seen.row(u).sum(), y.rows()) * x.row(u).squaredNorm();
    for (Eigen::Index i = 0; i < y.rows(); ++i) {
      const double r = values(u, i);
      const double score = x.row(u).dot(y.row(i));
      const double p = r > 0 ? 1 : 0;
      if (config.objective == Objective::hkv) loss += (1 + config.alpha * std::abs(r)) * (p - score) * (p - score);
      if (config.objective == Objective::ials)
        loss += std::abs(r) * (p - score) * (p - score) + config.unobserved_weight * score * score;
      if (config.objective == Objective::explicit_) loss += seen(u, i) * (r - score) * (r - score);
    }
  }
  for (Eigen::Index i = 0; i < y.rows(); ++i) loss += weight(seen.col(i).sum(), x.rows()) * y.row(i).squaredNorm();
  return loss;
}

TEST(LossTest, is_the_sum_over_all_pairs_for_every_objective) {
  for (const Objective objective : {Objective::ials, Objective::hkv, Objective::explicit_}) {
    SCOPED_TRACE(name_of(objective));
    TrainConfig config = TrainConfig::defaults(objective);
    config.factors = 5;
    config.regularization = 0.2;
    config.regularization_exponent = 1;
    const FactorMatrix x = test::random_factors(4, 5, 1);
    const FactorMatrix y = test::random_factors(9, 5, 2);
    SparseRows by_user = test::rows_of_lengths({2, 0, 9, 4}, 9, -0.5F);
    for (float& value : by_user.values)
      if (value == 0) value = 3;
    const SparseRows by_item = transpose(by_user, 9);

    const std::vector<double> users = row_losses(config, kernel_table("portable"), by_user, x.data(), y, 2);
    const std::vector<double> items = row_penalties(config, by_item, y.data(), 5, 4, 2);
    const FactorMatrix64 x64 = x.cast<double>();
    const FactorMatrix64 y64 = y.cast<double>();
    const double loss = std::accumulate(users.begin(), users.end(), 0.0) +
                        std::accumulate(items.begin(), items.end(), 0.0) +
                        unobserved_loss(config, x64.transpose() * x64, y64.transpose() * y64);

    const double expected = loss_over_all_pairs(config, by_user, x64, y64);
    // A score is an fp32 sum of 5 products, one rounding each; 24 of them are off in either direction.
    EXPECT_NEAR(loss, expected, 5 * 0x1p-24 * expected);
  }
}

TEST(LossTest, decreases_with_every_sweep) {
  for (const Objective objective : {Objective::ials, Objective::hkv, Objective::explicit_}) {
    TrainConfig config = TrainConfig::defaults(objective);
    config.factors = 3;
    config.sweeps = 8;
    const SparseRows by_user = test::rows_of_lengths({3, 5, 2, 8, 1, 4}, 10, 1);

    const SerialModel model = train_serially(config, by_user, 10, test::random_factors(10, 3, 5).cast<double>());

    for (std::size_t sweep = 1; sweep < model.losses.size(); ++sweep)
      EXPECT_LT(model.losses[sweep], model.losses[sweep - 1]) << name_of(objective) << ", sweep " << sweep + 1;
  }
}

TEST(RegularizationWeightTest, follows_its_formula_for_every_exponent) {
  TrainConfig config = TrainConfig::defaults(Objective::hkv);
  config.regularization = 2;
  config.regularization_unobserved = 0.1;

  for (const double exponent : {0.0, 0.5, 1.0, 1.5}) {
    config.regularization_exponent = exponent;
    EXPECT_DOUBLE_EQ(regularization_weight(config, 15, 10), 2 * std::pow(16.0, exponent));
  }
}

TEST(RegularizationWeightTest, counts_unobserved_pairs_by_objective) {
  TrainConfig config;
  config.regularization = 1;
  config.regularization_exponent = 1;
  config.unobserved_weight = 0.25;
  config.regularization_unobserved = 0.5;

  config.objective = Objective::ials;
  EXPECT_EQ(regularization_weight(config, 3, 8), 5.0);
  config.objective = Objective::hkv;
  EXPECT_EQ(regularization_weight(config, 3, 8), 7.0);
  config.objective = Objective::explicit_;
  EXPECT_EQ(regularization_weight(config, 3, 8), 3.0);
}

}  // namespace
}  // namespace alsace
