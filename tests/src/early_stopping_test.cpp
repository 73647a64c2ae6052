#include "src/als/early_stopping.hpp"

#include <gtest/gtest.h>

namespace alsace {
namespace {

TEST(EarlyStoppingTest, runs_out_of_patience_after_so_many_sweeps_without_gain) {
  EarlyStopping state{.metric = "ndcg@100"};

  EXPECT_TRUE(update(state, 1, 0.2));
  EXPECT_TRUE(update(state, 2, 0.3));
  EXPECT_FALSE(update(state, 3, 0.3));  // equal is no gain
  EXPECT_FALSE(out_of_patience(state, 2));
  EXPECT_FALSE(update(state, 4, 0.1));

  EXPECT_TRUE(out_of_patience(state, 2));
  EXPECT_FALSE(out_of_patience(state, 0));
  EXPECT_EQ(state.best_sweep, 2);
  EXPECT_EQ(state.best_value, 0.3);
}

TEST(EarlyStoppingTest, less_is_better_for_errors) {
  EarlyStopping state{.metric = "rmse"};

  EXPECT_TRUE(update(state, 1, 1.5));
  EXPECT_TRUE(update(state, 2, 1.4));
  EXPECT_FALSE(update(state, 3, 1.45));
}

}  // namespace
}  // namespace alsace
