#include <ostream>
#include <string>

#include <gtest/gtest.h>

#include "io/service/scoring_json.hpp"

namespace alsace::io {
namespace {

using Kind = ScoringRequest::Kind;
using Parameters = std::vector<std::pair<std::string, std::string>>;

ScoringRequest for_user(const std::string& user) {
  ScoringRequest request;
  request.users = {user};
  return request;
}

ScoringRequest like_item(const std::string& item) {
  ScoringRequest request;
  request.kind = Kind::similar;
  request.item = item;
  return request;
}

std::string refused(ScoringRequest request, const Parameters& parameters, const RequestBounds& bounds = {}) {
  const ParsedRequest parsed = parse_parameters(std::move(request), parameters, bounds);
  const auto* refusal = std::get_if<Refusal>(&parsed);
  if (refusal == nullptr) return "";
  EXPECT_EQ(refusal->status, 400);
  return refusal->detail;
}

TEST(ParseParametersTest, reads_every_parameter) {
  const ParsedRequest parsed = parse_parameters(for_user("a/b é"),
                                                {{"k", "5"},
                                                 {"exclude_seen", "false"},
                                                 {"exclude", "1,2"},
                                                 {"exclude", "3"},
                                                 {"allow", "4,é"},
                                                 {"filter", "genres:Comedy|Drama: Black"},
                                                 {"filter", "genres:War"}},
                                                RequestBounds());

  const auto& request = std::get<ScoringRequest>(parsed);
  EXPECT_EQ(request.users, std::vector<std::string>{"a/b é"});
  EXPECT_EQ(request.k, 5U);
  EXPECT_FALSE(request.exclude_seen);
  EXPECT_EQ(request.exclude, (std::vector<std::string>{"1", "2", "3"}));
  EXPECT_EQ(request.allow, (std::vector<std::string>{"4", "é"}));
  EXPECT_EQ(request.filters, (std::vector<FilterTerm>{{"genres", {"Comedy", "Drama: Black"}}, {"genres", {"War"}}}));
}

TEST(ParseParametersTest, without_parameters_nothing_changes) {
  const ParsedRequest parsed = parse_parameters(like_item("7"), {}, RequestBounds());

  EXPECT_EQ(std::get<ScoringRequest>(parsed), like_item("7"));
}

struct Refused {
  const char* name;
  Parameters parameters;
  std::string detail;

  friend void PrintTo(const Refused& refused, std::ostream* out) { *out << refused.name; }
};

class RefusedParametersTest : public testing::TestWithParam<Refused> {};

TEST_P(RefusedParametersTest, says_what_stands_where_and_what_is_expected) {
  EXPECT_EQ(refused(for_user("u"), GetParam().parameters), GetParam().detail);
}

const std::string valid_expected = ", expected valid UTF-8 of 1 to 512 bytes without control characters";

INSTANTIATE_TEST_SUITE_P(
    All, RefusedParametersTest,
    testing::Values(
        Refused{"k_zero", {{"k", "0"}}, "k = 0, expected 1 to 1000"},
        Refused{"k_negative", {{"k", "-1"}}, "k = -1, expected 1 to 1000"},
        Refused{"k_empty", {{"k", ""}}, "k = \"\", expected 1 to 1000"},
        Refused{"k_billion", {{"k", "1e9"}}, "k = 1e9, expected 1 to 1000"},
        Refused{"k_digits_23", {{"k", "12345678901234567890123"}}, "k = 12345678901234567890123, expected 1 to 1000"},
        Refused{"k_fraction", {{"k", "1.5"}}, "k = 1.5, expected 1 to 1000"},
        Refused{"k_blank", {{"k", " 5"}}, "k =  5, expected 1 to 1000"},
        Refused{"k_text", {{"k", "ten"}}, "k = ten, expected 1 to 1000"},
        Refused{"k_zero_byte", {{"k", std::string("5\0", 2)}}, "k = 5\\x00, expected 1 to 1000"},
        Refused{"k_twice", {{"k", "5"}, {"k", "5"}}, "k = given twice, expected it once"},
        Refused{"exclude_seen", {{"exclude_seen", "yes"}}, "exclude_seen = yes, expected true, false, 1 or 0"},
        Refused{"exclude_seen_twice",
                {{"exclude_seen", "1"}, {"exclude_seen", "0"}},
                "exclude_seen = given twice, expected it once"},
        Refused{"exclude_empty", {{"exclude", ""}}, "exclude[0] = \"\"" + valid_expected},
        Refused{"exclude_comma", {{"exclude", "1,,2"}}, "exclude[1] = \"\"" + valid_expected},
        Refused{"allow_control", {{"allow", "a\tb"}}, "allow[0] = a\\x09b" + valid_expected},
        Refused{"filter_bare",
                {{"filter", "genres"}},
                "filter = genres, expected attribute:value or attribute:value|value"},
        Refused{
            "filter_nameless", {{"filter", ":x"}}, "filter = :x, expected attribute:value or attribute:value|value"},
        Refused{"filter_empty", {{"filter", "genres:a|"}}, "filters.genres = \"\"" + valid_expected},
        Refused{"unknown", {{"n", "5"}}, "parameter = n, expected k, exclude_seen, exclude, allow or filter"},
        Refused{"unknown_empty", {{"", "5"}}, "parameter = \"\", expected k, exclude_seen, exclude, allow or filter"}),
    [](const auto& tested) { return tested.param.name; });

TEST(ParseParametersTest, similar_items_have_nothing_seen) {
  EXPECT_EQ(refused(like_item("1"), {{"exclude_seen", "true"}}),
            "parameter = exclude_seen, expected k, exclude, allow or filter");
}

TEST(ParseParametersTest, ids_of_the_path_are_checked) {
  EXPECT_EQ(refused(for_user(""), {}), "user = \"\"" + valid_expected);
  EXPECT_EQ(refused(for_user("\xff"), {}), "user = \\xff" + valid_expected);
  EXPECT_EQ(refused(like_item("\n"), {}), "item = \\x0a" + valid_expected);
}

TEST(ParseParametersTest, bounds_hold) {
  const RequestBounds bounds{.max_k = 20, .max_users = 2, .max_listed = 3, .max_filters = 2, .max_answer = 15};

  EXPECT_EQ(refused(for_user("u"), {{"exclude", "1,2"}, {"exclude", "3,4"}}, bounds),
            "exclude = more than 3 ids, expected at most 3");
  EXPECT_EQ(refused(for_user("u"), {{"filter", "a:1|2|3"}}, bounds),
            "filters.a = more than 2 values, expected at most 2 in all filters");
  EXPECT_EQ(refused(for_user("u"), {{"filter", "a:1"}, {"filter", "a:1"}, {"filter", "a:1"}}, bounds),
            "filters = more than 2, expected at most 2");
  EXPECT_EQ(refused(for_user("u"), {{"k", "16"}}, bounds), "k × users = 16, expected at most 15");
}

}  // namespace
}  // namespace alsace::io
