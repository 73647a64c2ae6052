#include "src/ranking/item_attributes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace alsace {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::NotNull;
using testing::Pointee;

/// Items 10 to 15 with genres and years, noted in any order and some twice.
ItemAttributes films() {
  ItemAttributes films;
  for (const std::uint32_t item : {14U, 11U, 10U, 11U}) films.add("genre", "Drama", item);
  for (const std::uint32_t item : {15U, 11U, 12U}) films.add("genre", "Horror", item);
  films.add("genre", "Comedy", 13);
  for (const std::uint32_t item : {15U, 14U, 11U, 13U}) films.add("year", "1922", item);
  films.add("year", "Drama", 12);  // a value of another attribute
  films.seal();
  return films;
}

ItemSet set_of(std::vector<std::uint32_t> items) {
  return std::make_shared<const std::vector<std::uint32_t>>(std::move(items));
}

TEST(ItemAttributesTest, finds_the_items_of_a_value_in_order_and_once) {
  const ItemAttributes attributes = films();

  EXPECT_THAT(attributes.items_with({{"genre", {"Drama"}}}, nullptr), Pointee(ElementsAre(10, 11, 14)));
  EXPECT_THAT(attributes.items_with({{"year", {"Drama"}}}, nullptr), Pointee(ElementsAre(12)));
}

TEST(ItemAttributesTest, values_of_one_term_are_alternatives) {
  const ItemAttributes attributes = films();

  EXPECT_THAT(attributes.items_with({{"genre", {"Horror", "Drama"}}}, nullptr),
              Pointee(ElementsAre(10, 11, 12, 14, 15)));
  EXPECT_THAT(attributes.items_with({{"genre", {"Comedy", "Western", "Horror", "Comedy"}}}, nullptr),
              Pointee(ElementsAre(11, 12, 13, 15)));
}

TEST(ItemAttributesTest, every_term_has_to_hold) {
  const ItemAttributes attributes = films();

  EXPECT_THAT(attributes.items_with({{"genre", {"Drama", "Horror"}}, {"year", {"1922"}}}, nullptr),
              Pointee(ElementsAre(11, 14, 15)));
  EXPECT_THAT(attributes.items_with({{"genre", {"Drama"}}, {"genre", {"Horror"}}}, nullptr), Pointee(ElementsAre(11)));
  EXPECT_THAT(attributes.items_with({{"genre", {"Drama"}}, {"genre", {"Comedy"}}}, nullptr), Pointee(IsEmpty()));
}

TEST(ItemAttributesTest, what_no_item_has_gives_no_items_and_not_all) {
  const ItemAttributes attributes = films();

  for (const FilterTerm& term : std::vector<FilterTerm>{
           {"genre", {"Western"}}, {"director", {"Murnau"}}, {"genre", {}}, {"", {""}}, {"genre", {"drama"}}}) {
    const ItemSet items = attributes.items_with({term}, nullptr);
    ASSERT_THAT(items, NotNull());
    EXPECT_THAT(*items, IsEmpty());
    EXPECT_THAT(attributes.items_with({{"genre", {"Drama"}}, term}, set_of({10, 11})), Pointee(IsEmpty()));
  }
}

TEST(ItemAttributesTest, without_terms_the_allowed_items_are_what_they_were) {
  const ItemAttributes attributes = films();
  const ItemSet allow = set_of({3, 99});

  EXPECT_EQ(attributes.items_with({}, nullptr), nullptr);
  EXPECT_EQ(attributes.items_with({}, allow), allow);
}

TEST(ItemAttributesTest, only_allowed_items_fulfil_terms) {
  const ItemAttributes attributes = films();

  EXPECT_THAT(attributes.items_with({{"genre", {"Drama"}}}, set_of({2, 11, 12, 14, 400})),
              Pointee(ElementsAre(11, 14)));
  EXPECT_THAT(attributes.items_with({{"genre", {"Drama"}}}, set_of({})), Pointee(IsEmpty()));
}

TEST(ItemAttributesTest, a_single_value_shares_its_list) {
  const ItemAttributes attributes = films();
  const FilterTerm term{"genre", {"Drama"}};
  const FilterTerm once_known{"genre", {"Western", "Drama", "Drama"}};

  EXPECT_EQ(attributes.items_with({term}, nullptr), attributes.items_with({term}, nullptr));
  EXPECT_EQ(attributes.items_with({once_known}, nullptr), attributes.items_with({term}, nullptr));
}

}  // namespace
}  // namespace alsace
