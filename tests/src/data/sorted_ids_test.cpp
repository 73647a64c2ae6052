#include "src/data/sorted_ids.hpp"

#include <initializer_list>
#include <string>

#include <gtest/gtest.h>

#include "src/error.hpp"

namespace alsace {
namespace {

IdList ids_of(std::initializer_list<std::string_view> ids) {
  IdList list;
  for (const std::string_view id : ids) list.push_back(id);
  return list;
}

void expect_finds_all(const SortedIds& ids) {
  for (std::uint32_t i = 0; i < ids.size(); ++i) EXPECT_EQ(ids.find(ids[i]), i) << ids[i];
}

TEST(SortedIdsTest, finds_every_id_in_numeric_order) {
  const SortedIds ids(ids_of({"2", "07", "7", "9", "10", "011", "123456789012345678901234567890"}));

  expect_finds_all(ids);
}

TEST(SortedIdsTest, finds_every_id_in_byte_order) {
  const SortedIds ids(ids_of({"10", "9", "A", "a", "a b", "aa", "ab"}));

  expect_finds_all(ids);
}

TEST(SortedIdsTest, finds_every_id_of_many) {
  IdList numbers;
  IdList texts;
  for (int i = 0; i < 1000; ++i) numbers.push_back(std::to_string(7 * i));
  for (int i = 1000; i < 2000; ++i) texts.push_back("item-" + std::to_string(i));

  expect_finds_all(SortedIds(numbers));
  expect_finds_all(SortedIds(texts));
}

TEST(SortedIdsTest, tells_7_from_07) {
  const SortedIds both(ids_of({"07", "7", "10"}));
  const SortedIds one(ids_of({"7", "10"}));

  EXPECT_EQ(both.find("07"), 0U);
  EXPECT_EQ(both.find("7"), 1U);
  EXPECT_EQ(both.find("007"), std::nullopt);
  EXPECT_EQ(one.find("7"), 0U);
  EXPECT_EQ(one.find("07"), std::nullopt);
}

TEST(SortedIdsTest, does_not_find_what_is_before_between_or_after) {
  const SortedIds numbers(ids_of({"5", "8", "12"}));
  const SortedIds texts(ids_of({"12", "5", "bb"}));

  for (const auto* absent : {"", "0", "4", "6", "10", "13", "120", "a", "bb"})
    EXPECT_EQ(numbers.find(absent), std::nullopt) << absent;
  for (const auto* absent : {"", "0", "1", "2", "50", "b", "bba", "c"})
    EXPECT_EQ(texts.find(absent), std::nullopt) << absent;
}

TEST(SortedIdsTest, searches_a_part_that_is_in_order_both_ways) {
  const SortedIds part(ids_of({"100", "200", "300"}));

  expect_finds_all(part);
  for (const auto* absent : {"1", "0100", "1000", "25", "250", "3000", "9"})
    EXPECT_EQ(part.find(absent), std::nullopt) << absent;
}

TEST(SortedIdsTest, an_empty_list_has_nothing) {
  EXPECT_EQ(SortedIds().find("1"), std::nullopt);
  EXPECT_EQ(SortedIds(IdList()).find(""), std::nullopt);
  EXPECT_EQ(SortedIds(ids_of({"x"})).find("x"), 0U);
}

TEST(SortedIdsTest, orders_unicode_by_bytes) {
  // U+00E9 is c3 a9, U+4E2D is e4 b8 ad, U+1F600 is f0 9f 98 80; as char, all would be negative.
  const SortedIds ids(ids_of({"caf", "cafe", "caf\u00e9", "z", "\u4e2d", "\U0001f600"}));

  expect_finds_all(ids);
  EXPECT_EQ(ids.find("cafe\u0301"), std::nullopt);  // the same to the eye, composed of two code points
}

TEST(SortedIdsTest, refuses_what_is_not_sorted) {
  EXPECT_THROW(SortedIds(ids_of({"b", "a"})), Error);
  EXPECT_THROW(SortedIds(ids_of({"9", "10", "7"})), Error);
  EXPECT_THROW(SortedIds(ids_of({"9", "10", "a"})), Error);
  EXPECT_THROW(SortedIds(ids_of({"b", "aa"})), Error);  // shorter first is the order of numbers alone
  EXPECT_THROW(SortedIds(ids_of({"7", "07"})), Error);
  EXPECT_THROW(SortedIds(ids_of({"a", "a"})), Error);
}

}  // namespace
}  // namespace alsace
