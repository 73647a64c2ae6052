#include "src/als/bias_model.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace alsace {
namespace {

/// Two users of a shard that starts at user 3: (item 0: 4, item 2: 5) and nothing.
SparseRows two_users() {
  return {.first_row = 3, .offsets = {0, 2, 2}, .columns = {0, 2}, .values = {4, 5}};
}

TEST(BiasModelTest, sums_the_values_of_each_row) {
  EXPECT_THAT(row_value_sums(two_users()), testing::ElementsAre(9.0, 0.0));
}

TEST(BiasModelTest, fits_a_row_bias_by_hand) {
  const std::vector<double> item_biases{0.5, 100, -1};

  const std::vector<double> biases = fit_row_biases(two_users(), 3.0, item_biases, 2.0);

  // ((4 − 3 − 0.5) + (5 − 3 + 1)) / (2 + 2) = 0.875; a row without interactions has none.
  EXPECT_THAT(biases, testing::ElementsAre(0.875, 0.0));
}

TEST(BiasModelTest, recovers_additive_data_without_regularization) {
  // r = 3 + u + i with u = (1, −1) and i = (0.5, −0.5), all pairs seen.
  const SparseRows by_user{
      .first_row = 0, .offsets = {0, 2, 4}, .columns = {0, 1, 0, 1}, .values = {4.5, 3.5, 2.5, 1.5}};
  const SparseRows by_item{
      .first_row = 0, .offsets = {0, 2, 4}, .columns = {0, 1, 0, 1}, .values = {4.5, 2.5, 3.5, 1.5}};
  BiasModel model{.mean = 3.0, .user = {}, .item = {0, 0}};

  for (int pass = 0; pass < bias_passes; ++pass) {
    model.user = fit_row_biases(by_user, model.mean, model.item, 0.0);
    model.item = fit_row_biases(by_item, model.mean, model.user, 0.0);
  }

  EXPECT_THAT(model.user, testing::ElementsAre(1.0, -1.0));
  EXPECT_THAT(model.item, testing::ElementsAre(0.5, -0.5));
}

TEST(BiasModelTest, subtracts_the_same_from_both_sides_of_a_pair) {
  const BiasModel model{.mean = 3.0, .user = {0, 0, 0, 0.25, 9}, .item = {0.5, 100, -1}};
  SparseRows by_user = two_users();
  SparseRows by_item{.first_row = 2, .offsets = {0, 1}, .columns = {3}, .values = {5}};

  subtract_biases(model, true, by_user);
  subtract_biases(model, false, by_item);

  EXPECT_THAT(by_user.values, testing::ElementsAre(0.25F, 2.75F));
  EXPECT_THAT(by_item.values, testing::ElementsAre(2.75F));
}

TEST(BiasModelTest, predicts_the_mean_alone_without_biases) {
  const BiasModel model{.mean = 3.5, .user = {}, .item = {}};

  EXPECT_EQ(model.predict(7, 9), 3.5);
}

}  // namespace
}  // namespace alsace
