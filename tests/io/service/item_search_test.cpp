#include "io/service/item_search.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/io/service/small_model.hpp"

namespace alsace::io {
namespace {

using Json = nlohmann::json;
using test::small_model;

std::vector<std::string> found(const std::string& text, std::size_t limit = 10, bool with_titles = true) {
  std::vector<std::string> items;
  for (const Json& entry : Json::parse(found_items_json(*small_model(with_titles), {text, limit}))) {
    items.push_back(entry["item"]);
  }
  return items;
}

using Items = std::vector<std::string>;

TEST(ItemSearchTest, finds_titles_in_either_case) {
  EXPECT_EQ(found("alien"), (Items{"1", "10"}));
  EXPECT_EQ(found("THING"), Items{"2"});
  EXPECT_EQ(found(", 1979"), Items{"1"});
  EXPECT_EQ(found("éli"), Items{"é"});
  EXPECT_EQ(found("aliem"), Items{});
}

TEST(ItemSearchTest, finds_the_begin_of_ids_and_the_very_id_first) {
  EXPECT_EQ(found("10"), Items{"10"});
  EXPECT_EQ(found("1"), (Items{"1", "10"}));
  EXPECT_EQ(found("2"), Items{"2"});
  EXPECT_EQ(found("SAY", 10, false), Items{"say \"hi\""});
  EXPECT_EQ(found("hi", 10, false), Items{});
}

TEST(ItemSearchTest, gives_no_more_than_the_limit_and_any_item_for_no_text) {
  EXPECT_EQ(found("", 2), (Items{"1", "10"}));
  EXPECT_EQ(found("a", 1), Items{"1"});
  EXPECT_EQ(found("", 50).size(), 6U);
}

TEST(ItemSearchTest, titles_that_are_not_utf_8_come_out_as_valid_json) {
  const Json json = Json::parse(found_items_json(*small_model(true), {"bad", 10}));

  EXPECT_EQ(json, Json::parse("[{\"item\":\"say \\\"hi\\\"\",\"title\":\"bad \xEF\xBF\xBD byte\"}]"));
}

TEST(ItemSearchTest, refuses_parameters_out_of_range) {
  using Parameters = std::vector<std::pair<std::string, std::string>>;
  const auto detail = [](const Parameters& parameters) { return std::get<Refusal>(parse_search(parameters)).detail; };

  EXPECT_EQ(detail({{"limit", "0"}}), "limit = 0, expected 1 to 50");
  EXPECT_EQ(detail({{"limit", "51"}}), "limit = 51, expected 1 to 50");
  EXPECT_EQ(detail({{"limit", "99999999999999999999999"}}), "limit = 99999999999999999999999, expected 1 to 50");
  EXPECT_EQ(detail({{"search", std::string(101, 'x')}}),
            "search = " + std::string(64, 'x') + "… (101 bytes), expected up to 100 bytes");
  EXPECT_EQ(detail({{"q", "x"}}), "parameter = q, expected search or limit");
  EXPECT_EQ(std::get<ItemSearch>(parse_search({{"search", "a b"}, {"limit", "50"}})).limit, 50U);
}

}  // namespace
}  // namespace alsace::io
