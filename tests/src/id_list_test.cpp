#include "src/data/id_list.hpp"

#include <gtest/gtest.h>

namespace alsace {
namespace {

TEST(IdListTest, returns_ids_as_they_went_in) {
  IdList ids;

  ids.push_back("7");
  ids.push_back("");
  ids.push_back("caf\xc3\xa9");

  ASSERT_EQ(ids.size(), 3U);
  EXPECT_EQ(ids[0], "7");
  EXPECT_EQ(ids[1], "");
  EXPECT_EQ(ids[2], "caf\xc3\xa9");
  EXPECT_EQ(ids.longest(), 5U);
}

}  // namespace
}  // namespace alsace
