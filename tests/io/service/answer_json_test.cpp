#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "io/service/scoring_json.hpp"
#include "tests/io/service/small_model.hpp"

namespace alsace::io {
namespace {

using Json = nlohmann::json;
using test::small_model;
using Kind = ScoringRequest::Kind;

ScoringRequest for_users(std::vector<std::string> users) {
  ScoringRequest request;
  request.users = std::move(users);
  return request;
}

ScoringAnswer answer_of(std::vector<ScoringAnswer::List> lists, bool with_titles = false) {
  ScoringAnswer answer;
  answer.model = small_model(with_titles);
  answer.lists = std::move(lists);
  return answer;
}

TEST(AnswerJsonTest, one_user_has_a_flat_answer) {
  const std::string json = answer_json(for_users({"42"}), answer_of({{false, {{0.93F, 1}, {-1e-7F, 0}}}}), false);

  EXPECT_EQ(json, R"({"user":"42","model":"sweep-000012","items":[{"item":"10","score":0.93,"rank":1},)"
                  R"({"item":"1","score":-1e-07,"rank":2}]})");
}

TEST(AnswerJsonTest, a_list_of_users_has_results_were_it_of_one) {
  const ScoringAnswer two = answer_of({{false, {{1, 0}}}, {true, {}}});

  EXPECT_EQ(answer_json(for_users({"a", "b"}), two, true),
            R"({"model":"sweep-000012","results":[{"user":"a","items":[{"item":"1","score":1,"rank":1}]},)"
            R"({"user":"b","fallback":"popular","items":[]}]})");
  EXPECT_EQ(answer_json(for_users({"a"}), answer_of({{false, {}}}), true),
            R"({"model":"sweep-000012","results":[{"user":"a","items":[]}]})");
}

TEST(AnswerJsonTest, events_name_the_items_that_are_unknown) {
  ScoringRequest request;
  request.kind = Kind::events;
  ScoringAnswer answer = answer_of({{true, {{2, 0}}}});
  answer.unknown_items = {"x\"", "y"};

  EXPECT_EQ(answer_json(request, answer, false),
            R"({"model":"sweep-000012","fallback":"popular","items":[{"item":"1","score":2,"rank":1}],)"
            R"("unknown_items":["x\"","y"]})");
}

TEST(AnswerJsonTest, similar_items_name_theirs_with_its_title) {
  ScoringRequest request;
  request.kind = Kind::similar;
  request.item = "10";

  EXPECT_EQ(answer_json(request, answer_of({{false, {{0.5F, 0}}}}, true), false),
            R"({"item":"10","model":"sweep-000012","title":"Aliens",)"
            R"("items":[{"item":"1","title":"Alien, 1979","score":0.5,"rank":1}]})");
}

TEST(AnswerJsonTest, awkward_ids_and_titles_come_out_as_valid_json) {
  const ScoringAnswer answer = answer_of({{false, {{6, 0}, {5, 1}, {4, 2}, {3, 3}, {2, 4}, {1, 5}}}}, true);

  const Json json = Json::parse(answer_json(for_users({"a/b%2F\\\"é\xF0\x9F\x98\x80"}), answer, false));

  EXPECT_EQ(json["user"], "a/b%2F\\\"é\xF0\x9F\x98\x80");
  EXPECT_EQ(json["items"][2]["title"], "The \"Thing\"");
  EXPECT_EQ(json["items"][3]["item"], "a/b%");
  EXPECT_EQ(json["items"][3]["title"], "");
  EXPECT_EQ(json["items"][4]["item"], "say \"hi\"");
  EXPECT_EQ(json["items"][4]["title"], "bad \xEF\xBF\xBD byte");
  EXPECT_EQ(json["items"][5]["item"], "é");
}

TEST(AnswerJsonTest, scores_read_back_as_the_same_float) {
  const std::vector<float> scores{16777217.0F, 3.4028235e38F, 1.0F / 3, 1e-45F, -0.0F};
  std::vector<ScoredItem> items;
  for (std::size_t i = 0; i < scores.size(); ++i) items.push_back({scores[i], static_cast<std::uint32_t>(i)});

  const Json json = Json::parse(answer_json(for_users({"u"}), answer_of({{false, items}}), false));

  for (std::size_t i = 0; i < scores.size(); ++i) EXPECT_EQ(json["items"][i]["score"].get<float>(), scores[i]);
}

TEST(ModelJsonTest, has_what_the_page_shows) {
  const Json json = Json::parse(model_json(*small_model(true)));

  EXPECT_EQ(json["model"], "sweep-000012");
  EXPECT_EQ(json["path"], "/models/films/sweep-000012");
  EXPECT_EQ(json["loaded_at"], "2026-02-01T12:00:00Z");
  EXPECT_EQ(json["sweep"], 12);
  EXPECT_EQ(json["objective"], "ials");
  EXPECT_EQ(json["factors"], 16);
  EXPECT_EQ(json["users"], 5);
  EXPECT_EQ(json["items"], 6);
  EXPECT_EQ(json["interactions"], 17);
  EXPECT_EQ(json["parameters"]["unobserved_weight"], 0.1);
  EXPECT_EQ(json["parameters"]["value"], "binary");
  EXPECT_EQ(json["attributes"], Json::parse(R"([{"name":"genres","values":["Comedy","Drama"]}])"));
  EXPECT_EQ(json["example_users"], Json::parse(R"(["42","7"])"));
  EXPECT_EQ(json["ranks"], Json::parse(R"([{"rank":0,"host":"north","users":[0,3],"items":2,"bytes":1000},
                                           {"rank":1,"host":"south","users":[3,5],"items":4,"bytes":2000}])"));
}

TEST(ServerTimingTest, is_in_milliseconds) {
  const StageTimes times{.parse = 1.2e-5, .queue = 1e-3, .gather = 0, .score = 0.25, .merge = 1e-9};

  EXPECT_EQ(server_timing(times),
            "parse;dur=0.012, queue;dur=1.000, gather;dur=0.000, score;dur=250.000, merge;dur=0.000");
}

}  // namespace
}  // namespace alsace::io
