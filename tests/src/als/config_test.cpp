#include "src/als/config.hpp"

#include <limits>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/complaint.hpp"

namespace alsace {
namespace {

using test::complaint_about;

TEST(TrainConfigTest, defaults_are_valid_for_every_objective) {
  for (const Objective objective : {Objective::ials, Objective::hkv, Objective::explicit_}) {
    const TrainConfig config = TrainConfig::defaults(objective);

    EXPECT_EQ(config.objective, objective);
    EXPECT_EQ(complaint_about(config), "");
  }
}

TEST(TrainConfigTest, names_a_bad_field_its_value_and_its_range) {
  TrainConfig config;
  config.factors = 0;

  EXPECT_EQ(complaint_about(config), "--factors = 0, expected 1 to 4096");
}

TEST(TrainConfigTest, names_every_bad_field_at_once) {
  TrainConfig config;
  config.factors = 5000;
  config.sweeps = 0;
  config.alpha = -1;
  config.unobserved_weight = -0.5;
  config.regularization = std::numeric_limits<double>::quiet_NaN();
  config.regularization_exponent = std::numeric_limits<double>::infinity();
  config.regularization_unobserved = -1;
  config.bias_regularization = -1;
  config.init_std = 0;
  config.patience = -1;

  const std::string complaint = complaint_about(config);

  EXPECT_EQ(std::count(complaint.begin(), complaint.end(), '\n'), 9);
  for (const char* line :
       {"--factors = 5000, expected 1 to 4096", "--sweeps = 0,", "--alpha = -1,", "--unobserved-weight = -0.5,",
        "--regularization = nan,", "--regularization-exponent = inf,", "--regularization-unobserved = -1,",
        "--bias-regularization = -1,", "--init-std = 0, expected above 0", "--patience = -1,"})
    EXPECT_THAT(complaint, testing::HasSubstr(line));
}

TEST(TrainConfigTest, names_are_those_of_the_command_line) {
  EXPECT_STREQ(name_of(Objective::explicit_), "explicit");
  EXPECT_STREQ(name_of(Biases::full), "full");
  EXPECT_STREQ(name_of(ValueMeaning::raw), "raw");
  EXPECT_STREQ(name_of(Negatives::dislike), "dislike");
  EXPECT_STREQ(name_of(Solver::auto_), "auto");
  EXPECT_STREQ(name_of(Precision::fp32), "fp32");
}

}  // namespace
}  // namespace alsace
