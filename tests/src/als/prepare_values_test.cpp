#include "src/als/prepare_values.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace alsace {
namespace {

using testing::ElementsAre;

/// Global rows 10, 11 and 12; row 11 is empty.
SparseRows mixed_values() {
  return {.first_row = 10, .offsets = {0, 3, 3, 6}, .columns = {1, 2, 5, 0, 3, 4}, .values = {2, 0, -1, 0, -3, 0.5F}};
}

TrainConfig raw_config(Negatives negatives) {
  TrainConfig config;
  config.value = ValueMeaning::raw;
  config.negatives = negatives;
  return config;
}

TEST(PrepareValuesTest, explicit_keeps_every_value) {
  const PreparedValues prepared = prepare_values(TrainConfig::defaults(Objective::explicit_), mixed_values());

  EXPECT_EQ(prepared.rows.values, mixed_values().values);
  EXPECT_EQ(prepared.rows.offsets, mixed_values().offsets);
  EXPECT_FALSE(prepared.negative);
}

TEST(PrepareValuesTest, binary_counts_every_value_as_one) {
  const PreparedValues prepared = prepare_values(TrainConfig{}, mixed_values());

  EXPECT_THAT(prepared.rows.values, testing::Each(1.0F));
  EXPECT_EQ(prepared.rows.columns, mixed_values().columns);
  EXPECT_EQ(prepared.zeros_dropped, 0U);
  EXPECT_FALSE(prepared.negative);
}

TEST(PrepareValuesTest, raw_drops_zeros_and_keeps_dislikes_when_asked) {
  const PreparedValues prepared = prepare_values(raw_config(Negatives::dislike), mixed_values());

  EXPECT_EQ(prepared.rows.first_row, 10U);
  EXPECT_THAT(prepared.rows.offsets, ElementsAre(0, 2, 2, 4));
  EXPECT_THAT(prepared.rows.columns, ElementsAre(1, 5, 3, 4));
  EXPECT_THAT(prepared.rows.values, ElementsAre(2, -1, -3, 0.5F));
  EXPECT_EQ(prepared.zeros_dropped, 2U);
  EXPECT_EQ(prepared.negatives_dropped, 0U);
  EXPECT_FALSE(prepared.negative);
}

TEST(PrepareValuesTest, raw_drops_and_counts_negatives_when_asked) {
  const PreparedValues prepared = prepare_values(raw_config(Negatives::drop), mixed_values());

  EXPECT_THAT(prepared.rows.offsets, ElementsAre(0, 1, 1, 2));
  EXPECT_THAT(prepared.rows.columns, ElementsAre(1, 4));
  EXPECT_THAT(prepared.rows.values, ElementsAre(2, 0.5F));
  EXPECT_EQ(prepared.zeros_dropped, 2U);
  EXPECT_EQ(prepared.negatives_dropped, 2U);
}

TEST(PrepareValuesTest, raw_reports_the_first_negative_with_its_global_row) {
  const PreparedValues prepared = prepare_values(raw_config(Negatives::error), mixed_values());

  ASSERT_TRUE(prepared.negative);
  EXPECT_EQ(prepared.negative->row, 10U);
  EXPECT_EQ(prepared.negative->column, 5U);
  EXPECT_EQ(prepared.negative->value, -1.0F);
}

}  // namespace
}  // namespace alsace
