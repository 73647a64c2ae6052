#include "io/text.hpp"

#include <gtest/gtest.h>

namespace alsace::io {
namespace {

TEST(ShownTest, long_text_is_cut_between_characters) {
  const std::string letters(63, 'a');

  EXPECT_EQ(shown(letters + "é and more"), letters + "… (74 bytes)");
  EXPECT_EQ(shown(letters + "bc"), letters + "b… (65 bytes)");
  EXPECT_EQ(shown(std::string(62, 'a') + "é!"), std::string(62, 'a') + "é… (65 bytes)");
}

TEST(ShownTest, what_is_not_utf_8_is_shown_byte_by_byte) {
  EXPECT_EQ(shown("a\xff"), "a\\xff");
  EXPECT_EQ(shown(""), "\"\"");
  EXPECT_TRUE(shown(std::string(70, '\x80')).ends_with("\\x80… (70 bytes)"));
}

}  // namespace
}  // namespace alsace::io
