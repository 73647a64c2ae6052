#include "src/data/id_order.hpp"

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "src/data/id_dictionary.hpp"

namespace alsace {
namespace {

std::vector<std::string> sorted(std::vector<std::string> ids, bool numeric) {
  std::sort(ids.begin(), ids.end(), IdOrder{numeric});
  return ids;
}

TEST(IdOrderTest, digits_go_by_value_then_by_bytes) {
  EXPECT_EQ(sorted({"10", "7", "9", "07", "007", "0", "00"}, true),
            (std::vector<std::string>{"0", "00", "007", "07", "7", "9", "10"}));
}

TEST(IdOrderTest, long_digits_go_by_value_beyond_64_bits) {
  const std::string nines(40, '9');
  const std::string one_and_zeros = "1" + std::string(40, '0');

  EXPECT_EQ(sorted({one_and_zeros, nines, "18446744073709551616", "18446744073709551615"}, true),
            (std::vector<std::string>{"18446744073709551615", "18446744073709551616", nines, one_and_zeros}));
}

TEST(IdOrderTest, mixed_ids_go_by_bytes) {
  EXPECT_EQ(sorted({"b", "10", "9", "\xc3\xa9", "B"}, false),
            (std::vector<std::string>{"10", "9", "B", "b", "\xc3\xa9"}));
}

TEST(IdOrderTest, digits_are_ascii_and_at_least_one) {
  EXPECT_TRUE(is_digits("007"));
  EXPECT_FALSE(is_digits(""));
  EXPECT_FALSE(is_digits("-1"));
  EXPECT_FALSE(is_digits("\xd9\xa3"));  // an Arabic three
}

TEST(IdRuleTest, accepts_utf8_of_1_to_512_bytes) {
  EXPECT_TRUE(is_valid_id(" "));
  EXPECT_TRUE(is_valid_id("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x8e\xac"));
  EXPECT_TRUE(is_valid_id(std::string(512, 'x')));
  EXPECT_TRUE(is_valid_id("\xc2\xa0"));          // U+00A0, the first after the control characters
  EXPECT_TRUE(is_valid_id("\xf4\x8f\xbf\xbf"));  // U+10FFFF, the last there is
}

TEST(IdRuleTest, refuses_what_is_no_id) {
  EXPECT_FALSE(is_valid_id(""));
  EXPECT_FALSE(is_valid_id(std::string(513, 'x')));
  EXPECT_FALSE(is_valid_id(std::string("a\0b", 3)));
  EXPECT_FALSE(is_valid_id("a\tb"));
  EXPECT_FALSE(is_valid_id("a\x7f"));
  EXPECT_FALSE(is_valid_id("\xc2\x9f"));          // U+009F, a control character
  EXPECT_FALSE(is_valid_id("\xc3"));              // cut off
  EXPECT_FALSE(is_valid_id("\xc3("));             // no continuation
  EXPECT_FALSE(is_valid_id("\x80"));              // continuation alone
  EXPECT_FALSE(is_valid_id("\xc0\xaf"));          // overlong
  EXPECT_FALSE(is_valid_id("\xe0\x80\xaf"));      // overlong
  EXPECT_FALSE(is_valid_id("\xed\xa0\x80"));      // surrogate
  EXPECT_FALSE(is_valid_id("\xf4\x90\x80\x80"));  // beyond U+10FFFF
}

TEST(IdDictionaryTest, tells_ids_apart_that_begin_or_end_alike) {
  IdDictionary dictionary;
  std::vector<std::string> ids;
  for (std::size_t length = 1; length <= 20; ++length) {
    ids.push_back(std::string(length, 'a'));
    ids.push_back(std::string(length - 1, 'a') + 'b');
    ids.push_back('b' + std::string(length, 'a'));
    ids.push_back(std::string(length, '\0'));
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());

  for (int round = 0; round < 2; ++round) {
    for (std::uint32_t i = 0; i < ids.size(); ++i) ASSERT_EQ(dictionary.number_of(ids[i]), i) << ids[i];
  }
}

TEST(IdDictionaryTest, gives_decimals_and_what_looks_like_them_one_number_each) {
  const std::vector<std::string> odd{"07",       "007",       "0",    "00",       "1,2",      "/1",       "1:",   "9,",
                                     "12345678", "123456789", "0x12", "99999999", "00000000", "\x1c\x1c", "1\x10"};
  std::mt19937 random(3);
  IdDictionary dictionary;
  std::map<std::string, std::uint32_t> numbers;

  for (int i = 0; i < 50000; ++i) {
    const std::string id = random() % 8 == 0 ? odd[random() % odd.size()]
                                             : std::to_string(random() % (1U + 4U * static_cast<unsigned>(i)));
    const auto expected = numbers.emplace(id, static_cast<std::uint32_t>(numbers.size())).first->second;
    ASSERT_EQ(dictionary.number_of(id), expected) << id;
  }

  ASSERT_EQ(dictionary.size(), numbers.size());
  for (const auto& [id, number] : numbers) ASSERT_EQ(dictionary.ids()[number], id);
}

TEST(IdDictionaryTest, numbers_ids_in_order_of_first_appearance) {
  IdDictionary dictionary;

  for (int round = 0; round < 2; ++round) {
    for (std::uint32_t i = 0; i < 5000; ++i) ASSERT_EQ(dictionary.number_of("id" + std::to_string(i)), i);
  }

  EXPECT_EQ(dictionary.size(), 5000U);
  EXPECT_EQ(dictionary.ids()[4999], "id4999");
}

}  // namespace
}  // namespace alsace
