#include "mpi/serving/gather_batch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mpi/comm/collectives.hpp"
#include "tests/io/store/store_fixtures.hpp"

namespace alsace::mpi {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::IsEmpty;

ScoringMessage users_message(std::vector<std::string> users, bool exclude_seen) {
  ScoringMessage message;
  message.users = std::move(users);
  message.exclude_seen = exclude_seen;
  return message;
}

ScoringMessage similar_message(std::uint32_t item) {
  ScoringMessage message;
  message.kind = ScoringMessage::Kind::similar;
  message.item = item;
  return message;
}

ScoringMessage events_message(std::vector<Event> events) {
  ScoringMessage message;
  message.kind = ScoringMessage::Kind::events;
  message.events = std::move(events);
  return message;
}

TEST(BatchNeedsTest, every_user_and_item_is_needed_once) {
  const std::vector<ScoringMessage> messages = {
      users_message({"a", "b"}, false), similar_message(7), users_message({"b"}, true),
      events_message({{3, 1}, {9, 1}}), similar_message(2), events_message({{3, 2}})};

  const BatchNeeds needs = needs_of(messages);

  ASSERT_EQ(needs.users.size(), 2U);
  EXPECT_EQ(needs.users[0].id, "a");
  EXPECT_FALSE(needs.users[0].seen);
  EXPECT_EQ(needs.users[1].id, "b");
  EXPECT_TRUE(needs.users[1].seen);
  constexpr std::uint32_t none = BatchNeeds::none;
  EXPECT_THAT(needs.user_of_list, ElementsAre(0U, 1U, none, 1U, none, none, none));
  EXPECT_THAT(needs.events, ElementsAre(3U, 9U));
  EXPECT_THAT(needs.similar, ElementsAre(2U, 7U));
}

class GatherBatchTest : public testing::Test {
 protected:
  ~GatherBatchTest() override { barrier(world_); }  // before rank 0 removes the files

  std::unique_ptr<RankModel> load() {
    if (world_.is_root()) io::testing::write_model(directory_.path() / "model", model_, 2);
    const std::string text = (directory_.path() / "model" / io::sweep_name(model_.info.sweep)).string();
    std::vector<char> path(text.begin(), text.end());
    broadcast_vector(world_, path);
    return read_rank_model(std::string(path.begin(), path.end()), "", world_.rank(), world_.size());
  }
  [[nodiscard]] std::string user_id(std::size_t user) const { return std::string(model_.data.user_ids[user]); }

  Communicator world_ = Communicator::world();
  test::ScratchFolder directory_;
  io::testing::TestModel model_ = io::testing::make_model(3);  // explicit, with biases of items
};

TEST_F(GatherBatchTest, rows_come_from_whichever_rank_has_them) {
  const auto model = load();
  const std::vector<ScoringMessage> messages = {users_message({user_id(22), "nobody", user_id(0)}, true),
                                                users_message({user_id(7)}, false), events_message({{1, 1}, {10, 1}}),
                                                similar_message(5)};

  const BatchRows rows = gather_batch(world_, *model, needs_of(messages));

  EXPECT_THAT(rows.known, ElementsAre(1, 0, 1, 1));
  const std::size_t users[] = {22, 0, 7};
  const std::size_t places[] = {0, 2, 3};
  for (std::size_t i = 0; i < 3; ++i) {
    const auto place = static_cast<Eigen::Index>(places[i]);
    EXPECT_EQ(rows.users.row(place), model_.user_factors.row(static_cast<Eigen::Index>(users[i])));
    EXPECT_EQ(rows.offsets[places[i]], model_.info.mean + model_.user_biases[users[i]]);
  }
  EXPECT_THAT(rows.seen[0], ElementsAreArray(model_.data.by_user.columns_of(22)));
  EXPECT_THAT(rows.seen[1], IsEmpty());
  EXPECT_THAT(rows.seen[2], ElementsAreArray(model_.data.by_user.columns_of(0)));
  EXPECT_THAT(rows.seen[3], IsEmpty());
  EXPECT_THAT(rows.events.items, ElementsAre(1U, 10U));
  EXPECT_EQ(rows.events.factors.row(0), model_.item_factors.row(1));
  EXPECT_EQ(rows.events.factors.row(1), model_.item_factors.row(10));
  EXPECT_THAT(rows.events.biases, ElementsAre(model_.item_biases[1], model_.item_biases[10]));
  ASSERT_EQ(rows.similar.rows(), 1);
  EXPECT_EQ(rows.similar.row(0), unit_rows(model_.item_factors).row(5));
}

TEST_F(GatherBatchTest, a_batch_that_needs_nothing_gets_nothing) {
  const auto model = load();

  const BatchRows rows = gather_batch(world_, *model, needs_of({events_message({})}));

  EXPECT_THAT(rows.known, IsEmpty());
  EXPECT_THAT(rows.seen_items, IsEmpty());
  EXPECT_EQ(rows.events.factors.rows(), 0);
}

}  // namespace
}  // namespace alsace::mpi
