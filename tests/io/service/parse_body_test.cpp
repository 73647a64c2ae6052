#include <cmath>
#include <ostream>
#include <string>

#include <gtest/gtest.h>

#include "io/service/scoring_json.hpp"

namespace alsace::io {
namespace {

using Kind = ScoringRequest::Kind;

ScoringRequest accepted(const std::string& body, const RequestBounds& bounds = {}) {
  ParsedRequest parsed = parse_body(body, bounds);
  if (const auto* refused = std::get_if<Refusal>(&parsed)) {
    ADD_FAILURE() << body << ": " << refused->detail;
    return {};
  }
  return std::get<ScoringRequest>(std::move(parsed));
}

std::string refused(const std::string& body, const RequestBounds& bounds = {}) {
  const ParsedRequest parsed = parse_body(body, bounds);
  const auto* refusal = std::get_if<Refusal>(&parsed);
  if (refusal == nullptr) return "";
  EXPECT_EQ(refusal->status, 400);
  return refusal->detail;
}

std::string times(std::size_t count, const std::string& text) {
  std::string result;
  for (std::size_t i = 0; i < count; ++i) result += text;
  return result;
}

TEST(ParseBodyTest, reads_every_member_of_a_request_for_users) {
  const ScoringRequest request = accepted(
      R"( {"users": ["42", 7, "a/b é"], "k": 5, "exclude_seen": false, "exclude": ["1", 2], "allow": [3],
           "filters": {"genres": ["Comedy", "Drama"], "year": "1979"}} )");

  EXPECT_EQ(request.kind, Kind::users);
  EXPECT_EQ(request.users, (std::vector<std::string>{"42", "7", "a/b é"}));
  EXPECT_EQ(request.k, 5U);
  EXPECT_FALSE(request.exclude_seen);
  EXPECT_EQ(request.exclude, (std::vector<std::string>{"1", "2"}));
  EXPECT_EQ(request.allow, std::vector<std::string>{"3"});
  EXPECT_EQ(request.filters, (std::vector<FilterTerm>{{"genres", {"Comedy", "Drama"}}, {"year", {"1979"}}}));
}

TEST(ParseBodyTest, reads_events_in_any_order_of_members) {
  const ScoringRequest request = accepted(
      R"({"k": 1000, "events": [{"item": "1411238", "value": 1}, {"value": -2.5e-3, "item": 18446744073709551615},
                                {"item": "x"}, {"item": "y", "value": -0.0}]})");

  EXPECT_EQ(request.kind, Kind::events);
  EXPECT_EQ(request.events,
            (std::vector<NamedEvent>{
                {"1411238", 1.0F}, {"18446744073709551615", -2.5e-3F}, {"x", std::nullopt}, {"y", 0.0F}}));
  EXPECT_FALSE(std::signbit(*request.events[3].value));
  EXPECT_EQ(request.k, 1000U);
}

TEST(ParseBodyTest, what_is_not_named_has_its_default) {
  const ScoringRequest request = accepted(R"({"users":["u"]})");

  EXPECT_EQ(request, (ScoringRequest{.kind = Kind::users,
                                     .users = {"u"},
                                     .events = {},
                                     .item = {},
                                     .k = 10,
                                     .exclude_seen = true,
                                     .exclude = {},
                                     .allow = {},
                                     .filters = {}}));
}

TEST(ParseBodyTest, an_empty_allow_list_allows_nothing) {
  const ScoringRequest request = accepted(R"({"users":["u"],"allow":[],"exclude":[],"filters":{}})");

  ASSERT_TRUE(request.allow.has_value());
  EXPECT_TRUE(request.allow->empty());
}

struct Refused {
  const char* name;
  std::string body;
  std::string detail;

  friend void PrintTo(const Refused& refused, std::ostream* out) { *out << refused.name; }
};

class RefusedBodyTest : public testing::TestWithParam<Refused> {};

TEST_P(RefusedBodyTest, says_what_stands_where_and_what_is_expected) {
  EXPECT_EQ(refused(GetParam().body), GetParam().detail);
}

const std::string id_expected = ", expected an id: a string, or an integer from 0 to 18446744073709551615";
const std::string valid_expected = ", expected valid UTF-8 of 1 to 512 bytes without control characters";

INSTANTIATE_TEST_SUITE_P(
    K, RefusedBodyTest,
    testing::Values(
        Refused{"zero", R"({"users":["1"],"k":0})", "k = 0, expected 1 to 1000"},
        Refused{"negative", R"({"users":["1"],"k":-1})", "k = -1, expected 1 to 1000"},
        Refused{"one_more", R"({"users":["1"],"k":1001})", "k = 1001, expected 1 to 1000"},
        Refused{"billion", R"({"users":["1"],"k":1e9})", "k = 1e9, expected 1 to 1000"},
        Refused{"billion_in_digits", R"({"users":["1"],"k":1000000000})", "k = 1000000000, expected 1 to 1000"},
        Refused{"beyond_32_bits", R"({"users":["1"],"k":4294967297})", "k = 4294967297, expected 1 to 1000"},
        Refused{"digits_23", R"({"users":["1"],"k":12345678901234567890123})",
                "k = 12345678901234567890123, expected 1 to 1000"},
        Refused{"fraction", R"({"users":["1"],"k":1.5})", "k = 1.5, expected 1 to 1000"},
        Refused{"string", R"({"users":["1"],"k":"10"})", "k = \"10\", expected 1 to 1000"},
        Refused{"null", R"({"users":["1"],"k":null})", "k = null, expected 1 to 1000"},
        Refused{"boolean", R"({"users":["1"],"k":true})", "k = true, expected 1 to 1000"},
        Refused{"array", R"({"users":["1"],"k":[1]})", "k = an array, expected 1 to 1000"},
        Refused{"nan", R"({"users":["1"],"k":NaN})", "byte 20 of the body = NaN, expected JSON, in k"},
        Refused{"overflow", R"({"users":["1"],"k":1e999})", "k = a number beyond 1.8e308, expected 1 to 1000"}),
    [](const auto& tested) { return tested.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Ids, RefusedBodyTest,
    testing::Values(Refused{"empty_list", R"({"users":[]})", "users = [], expected 1 id or more"},
                    Refused{"no_list", R"({"users":"42"})", "users = \"42\", expected an array of ids"},
                    Refused{"null", R"({"users":["1",null]})", "users[1] = null" + id_expected},
                    Refused{"negative", R"({"users":["1"],"exclude":[-5]})", "exclude[0] = -5" + id_expected},
                    Refused{"fraction", R"({"users":[1.0]})", "users[0] = 1.0" + id_expected},
                    Refused{"object", R"({"users":["1"],"allow":["2",{}]})", "allow[1] = an object" + id_expected},
                    Refused{"digits_23", R"({"users":[12345678901234567890123]})",
                            "users[0] = 12345678901234567890123, expected so long an id in quotes"},
                    Refused{"empty", R"({"users":[""]})", "users[0] = \"\"" + valid_expected},
                    Refused{"control", R"({"users":["a\u0000b"]})", "users[0] = a\\x00b" + valid_expected},
                    Refused{"too_long", R"({"users":[")" + std::string(513, 'x') + R"("]})",
                            "users[0] = " + std::string(64, 'x') + "… (513 bytes)" + valid_expected},
                    Refused{"item", R"({"events":[{"item":"a"},{"item":true}]})",
                            "events[1].item = true" + id_expected},
                    Refused{"long_item", R"({"events":[{"item":12345678901234567890123}]})",
                            "events[0].item = 12345678901234567890123, expected so long an id in quotes"}),
    [](const auto& tested) { return tested.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Members, RefusedBodyTest,
    testing::Values(
        Refused{"neither", R"({"k":1})", "body = neither users nor events, expected one of the two"},
        Refused{"both", R"({"users":["1"],"events":[{"item":"2"}]})",
                "body = users and events, expected one of the two"},
        Refused{"unknown", R"({"user":"1"})",
                "a member of the body = user, expected users, events, k, exclude_seen, exclude, allow, filters"},
        Refused{"twice", R"({"users":["1"],"k":1,"k":1})", "a member of the body = k, expected it once"},
        Refused{"escaped_twice", R"({"users":["1"],"\u0075sers":["2"]})",
                "a member of the body = users, expected it once"},
        Refused{"exclude_seen", R"({"users":["1"],"exclude_seen":1})", "exclude_seen = 1, expected true or false"},
        Refused{"no_events", R"({"events":[]})", "events = [], expected 1 event or more"},
        Refused{"events", R"({"events":{}})", "events = an object, expected an array of objects with item and value"},
        Refused{"event", R"({"events":["1"]})", "events[0] = \"1\", expected an object with item and value"},
        Refused{"event_member", R"({"events":[{"item":"1","weight":2}]})",
                "a member of events[0] = weight, expected item or value"},
        Refused{"event_item_twice", R"({"events":[{"item":"1","item":"1"}]})",
                "a member of events[0] = item, expected it once"},
        Refused{"event_without_item", R"({"events":[{"value":2}]})", "events[0].item = nothing" + id_expected},
        Refused{"value", R"({"events":[{"item":"1","value":"2"}]})", "events[0].value = \"2\", expected a number"},
        Refused{"value_null", R"({"events":[{"item":"1","value":null}]})", "events[0].value = null, expected a number"},
        Refused{"value_beyond_float", R"({"events":[{"item":"1","value":1e39}]})",
                "events[0].value = 1e39, expected a number from -3.4e38 to 3.4e38"},
        Refused{"value_beyond_double", R"({"events":[{"item":"1","value":-1e400}]})",
                "events[0].value = a number beyond 1.8e308, expected a number"},
        Refused{"filters", R"({"users":["1"],"filters":["a"]})",
                "filters = an array, expected an object: attribute -> value or array of values"},
        Refused{"filter", R"({"users":["1"],"filters":{"year":1979}})",
                "filters.year = 1979, expected a string or an array of strings"},
        Refused{"filter_value", R"({"users":["1"],"filters":{"year":["1979",{}]}})",
                "filters.year[1] = an object, expected a string"},
        Refused{"no_filter_value", R"({"users":["1"],"filters":{"year":[]}})",
                "filters.year = [], expected 1 value or more"},
        Refused{"filter_twice", R"({"users":["1"],"filters":{"a":"b","a":"c"}})",
                "filters = a, expected each attribute once"},
        Refused{"filter_name", R"({"users":["1"],"filters":{"":"b"}})", "a filter's attribute = \"\"" + valid_expected},
        Refused{"filter_empty", R"({"users":["1"],"filters":{"a":""}})", "filters.a = \"\"" + valid_expected}),
    [](const auto& tested) { return tested.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Json, RefusedBodyTest,
    testing::Values(
        Refused{"empty", "", "body = the end at byte 1, expected more JSON"},
        Refused{"cut", R"({"users":["1")", "body = the end at byte 14, expected more JSON"},
        Refused{"scalar", "5", "body = 5, expected an object with users or events"},
        Refused{"null", "null", "body = null, expected an object with users or events"},
        Refused{"array", "[1]", "body = an array, expected an object with users or events"},
        Refused{"deep", times(100'000, "["), "body = an array, expected an object with users or events"},
        Refused{"deep_member", R"({"users":)" + times(100'000, "["), "users[0] = an array" + id_expected},
        Refused{"deep_objects", R"({"filters":)" + times(100'000, R"({"a":)"),
                "filters.a = an object, expected a string or an array of strings"},
        Refused{"trailing_comma", R"({"users":["1"],})", "byte 16 of the body = }, expected JSON, in users"},
        Refused{"single_quotes", "{'users':['1']}", "byte 2 of the body = 'users':['1', expected JSON, in users"},
        Refused{"second_value", R"({"users":["1"]} {})", "byte 17 of the body = {, expected the end"},
        Refused{"comment", R"({"users":["1"]}/**/)", "byte 16 of the body = /**/, expected the end"},
        Refused{"zero_byte", std::string("{\"users\":[\"1\"]}\0{", 17), "byte 16 of the body = \\x00, expected JSON"},
        Refused{"bad_utf_8", "{\"users\":[\"\xff\"]}", "byte 12 of the body = \\xff\", expected JSON, in users[0]"},
        Refused{"lone_surrogate", R"({"users":["\ud800"]})", "byte 18 of the body = \", expected JSON, in users[0]"}),
    [](const auto& tested) { return tested.param.name; });

TEST(ParseBodyTest, lists_beyond_their_bounds_are_refused_as_they_are_read) {
  const RequestBounds bounds{.max_k = 10, .max_users = 2, .max_listed = 3, .max_filters = 2, .max_answer = 15};

  EXPECT_EQ(refused(R"({"users":["1","2","3"]})", bounds), "users = more than 2 ids, expected at most 2");
  EXPECT_EQ(refused(R"({"users":["1"],"exclude":[1,2,3,4]})", bounds), "exclude = more than 3 ids, expected at most 3");
  EXPECT_EQ(refused(R"({"users":["1"],"allow":[1,2,3,4]})", bounds), "allow = more than 3 ids, expected at most 3");
  EXPECT_EQ(refused(R"({"events":[{"item":1},{"item":2},{"item":3},{)", bounds),
            "events = more than 3, expected 1 to 3");
  EXPECT_EQ(refused(R"({"users":["1"],"filters":{"a":"1","b":"2","c":"3"}})", bounds),
            "filters = more than 2, expected at most 2");
  EXPECT_EQ(refused(R"({"users":["1"],"filters":{"a":["1","2","3"]}})", bounds),
            "filters.a = more than 2 values, expected at most 2 in all filters");
  EXPECT_EQ(refused(R"({"users":["1"],"filters":{"a":["1","2"],"b":"3"}})", bounds),
            "filters.b = more than 2 values, expected at most 2 in all filters");
  EXPECT_EQ(refused(R"({"users":["1","2"],"k":8})", bounds), "k × users = 16, expected at most 15");
  EXPECT_EQ(accepted(R"({"users":["1","2"],"k":7,"exclude":[1,2,3]})", bounds).users.size(), 2U);
}

}  // namespace
}  // namespace alsace::io
