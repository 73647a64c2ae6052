#include "mpi/serving/resolve_request.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace alsace::mpi {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Kind = io::ScoringRequest::Kind;

io::ServedModel model_of(std::initializer_list<const char*> items) {
  io::ServedModel model;
  IdList ids;
  for (const char* item : items) ids.push_back(item);
  model.items = SortedIds(std::move(ids));
  model.attributes = {{"genres", {"Comedy"}}};
  return model;
}

ResolvedRequest resolved(const io::ScoringRequest& request, const io::ServedModel& model) {
  return std::get<ResolvedRequest>(resolve_request(request, model));
}

io::Refusal refused(const io::ScoringRequest& request, const io::ServedModel& model) {
  return std::get<io::Refusal>(resolve_request(request, model));
}

TEST(ResolveRequestTest, lists_become_ascending_rows_and_unknown_ids_change_nothing) {
  const io::ServedModel model = model_of({"1", "5", "10"});
  io::ScoringRequest request;
  request.users = {"42", "7"};
  request.exclude = {"10", "nobody", "1", "10"};
  request.allow = {"5"};

  const ResolvedRequest found = resolved(request, model);

  EXPECT_EQ(found.message.users, request.users);
  EXPECT_THAT(found.message.excluded, ElementsAre(0, 2));
  EXPECT_TRUE(found.message.restricted);
  EXPECT_THAT(found.message.allowed, ElementsAre(1));
}

TEST(ResolveRequestTest, an_allow_list_of_unknown_items_allows_nothing) {
  io::ScoringRequest request;
  request.users = {"42"};
  request.allow = {"nobody"};

  const ResolvedRequest found = resolved(request, model_of({"1"}));

  EXPECT_TRUE(found.message.restricted);
  EXPECT_TRUE(found.message.allowed.empty());
}

TEST(ResolveRequestTest, similar_excludes_the_item_itself_and_refuses_an_unknown_one) {
  const io::ServedModel model = model_of({"a", "b", "c"});
  io::ScoringRequest request;
  request.kind = Kind::similar;
  request.item = "b";
  request.exclude = {"c"};

  EXPECT_EQ(resolved(request, model).message.item, 1U);
  EXPECT_THAT(resolved(request, model).message.excluded, ElementsAre(1, 2));
  request.item = "d\n";
  EXPECT_EQ(refused(request, model).status, 404);
  EXPECT_THAT(refused(request, model).detail, HasSubstr("item d\\x0a"));
}

TEST(ResolveRequestTest, events_are_prepared_excluded_and_the_unknown_ones_named) {
  const io::ServedModel model = model_of({"a", "b", "c"});
  io::ScoringRequest request;
  request.kind = Kind::events;
  request.events = {{"c", 3}, {"x", 1}, {"a", 2}, {"c", 4}};

  const ResolvedRequest found = resolved(request, model);

  EXPECT_EQ(found.message.events, (std::vector<Event>{{0, 1}, {2, 1}}));  // ials, binary
  EXPECT_THAT(found.message.excluded, ElementsAre(0, 2));
  EXPECT_THAT(found.unknown_items, ElementsAre("x"));
  request.exclude_seen = false;
  EXPECT_TRUE(resolved(request, model).message.excluded.empty());
}

TEST(ResolveRequestTest, refuses_a_value_that_the_objective_cannot_read) {
  io::ServedModel model = model_of({"a"});
  model.info.config.value = ValueMeaning::raw;
  io::ScoringRequest request;
  request.kind = Kind::events;
  request.events = {{"a", -1}};

  EXPECT_EQ(refused(request, model).status, 400);
  EXPECT_THAT(refused(request, model).detail, HasSubstr("value = -1"));
}

TEST(ResolveRequestTest, an_event_of_an_explicit_model_needs_a_rating) {
  io::ServedModel model = model_of({"a"});
  io::ScoringRequest request;
  request.kind = Kind::events;
  request.events = {{"a", std::nullopt}};

  EXPECT_EQ(resolved(request, model).message.events, (std::vector<Event>{{0, 1}}));
  model.info.config.objective = Objective::explicit_;
  EXPECT_EQ(refused(request, model).status, 400);
  EXPECT_THAT(refused(request, model).detail, HasSubstr("without a value"));
}

TEST(ResolveRequestTest, refuses_an_attribute_that_there_is_not) {
  io::ScoringRequest request;
  request.users = {"42"};
  request.filters = {{"color", {"red"}}};

  const io::Refusal refusal = refused(request, model_of({"a"}));

  EXPECT_EQ(refusal.status, 400);
  EXPECT_THAT(refusal.detail, HasSubstr("color"));
  EXPECT_THAT(refusal.detail, HasSubstr("genres"));
}

}  // namespace
}  // namespace alsace::mpi
