#include "mpi/serving/serving_rank.hpp"

#include <chrono>
#include <numeric>
#include <optional>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mpi/comm/collectives.hpp"
#include "tests/io/store/store_fixtures.hpp"

/// What all ranks of a service do together, beside one rank that has the whole model.
namespace alsace::mpi {
namespace {

using io::testing::TestModel;
using State = ModelLoader::Progress::State;

const KernelTable& kernels() {
  return kernel_table("portable");
}

ScoringMessage users_message(std::vector<std::string> users, std::uint32_t takes) {
  ScoringMessage message;
  message.users = std::move(users);
  message.takes = takes;
  return message;
}

class ServingRankTest : public testing::Test {
 protected:
  ~ServingRankTest() override { barrier(world_); }  // before rank 0 removes the files

  /// Rank 0 writes; all know where.
  std::string written(const TestModel& model, int shards) {
    if (world_.is_root()) io::testing::write_model(directory_.path() / "model", model, shards);
    barrier(world_);
    return shared(directory_.path() / "model" / io::sweep_name(model.info.sweep));
  }

  std::string shared(const std::filesystem::path& path) {
    const std::string text = path.string();
    std::vector<char> bytes(text.begin(), text.end());
    broadcast_vector(world_, bytes);
    return {bytes.begin(), bytes.end()};
  }

  static ServingRank::LoadStep finish_load(ServingRank& rank) {
    for (;;) {
      const ServingRank::LoadStep step = rank.load_step();
      if (step.state != State::running) return step;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  [[nodiscard]] std::string user_id(std::size_t user) const { return std::string(model_.data.user_ids[user]); }

  /// The queries of some users of the whole model.
  [[nodiscard]] Queries queries_of(const std::vector<std::size_t>& users, bool exclude_seen) const {
    Queries queries;
    queries.count = users.size();
    queries.factors = model_.info.config.factors;
    for (const std::size_t user : users) {
      const float* row = model_.user_factors.row(static_cast<Eigen::Index>(user)).data();
      queries.rows.insert(queries.rows.end(), row, row + queries.factors);
      if (!model_.user_biases.empty()) queries.offsets.push_back(model_.info.mean + model_.user_biases[user]);
      const auto seen = model_.data.by_user.columns_of(user);
      if (exclude_seen) queries.excluded_items.insert(queries.excluded_items.end(), seen.begin(), seen.end());
      queries.excluded_offsets.push_back(queries.excluded_items.size());
    }
    return queries;
  }
  [[nodiscard]] RankedLists brute_force(const Queries& queries, std::size_t k) const {
    const ItemBlock all{model_.item_factors.data(), model_.item_biases, 0, static_cast<std::size_t>(model_.info.items)};
    return top_k_of_block(kernels(), queries, all, k, 1);
  }

  Communicator world_ = Communicator::world();
  test::ScratchFolder directory_;
  TestModel model_ = io::testing::make_model(3);
};

TEST_F(ServingRankTest, lists_of_users_are_those_of_one_rank_with_all_items) {
  for (const Objective objective : {Objective::explicit_, Objective::ials}) {
    model_ = io::testing::make_model(objective == Objective::ials ? 4 : 3, 23, 11, 1, objective);
    ServingRank rank(world_, kernels(), 1, "");
    rank.begin_load(written(model_, 3));
    ASSERT_EQ(finish_load(rank).state, State::loaded);

    const BatchAnswer found =
        rank.answer({users_message({user_id(22), user_id(0), user_id(7)}, 4), users_message({user_id(7)}, 100)});

    if (!world_.is_root()) continue;
    RankedLists expected = brute_force(queries_of({22, 0, 7}, true), 4);
    expected.push_back(brute_force(queries_of({7}, true), 100)[0]);
    EXPECT_EQ(found.lists, expected);
    EXPECT_EQ(found.popular, (std::vector<std::uint8_t>{0, 0, 0, 0}));
  }
}

TEST_F(ServingRankTest, excludes_and_allows_for_each_message_on_its_own) {
  ServingRank rank(world_, kernels(), 1, "");
  rank.begin_load(written(model_, 2));
  finish_load(rank);
  ScoringMessage all = users_message({user_id(3)}, 100);
  all.exclude_seen = false;
  ScoringMessage some = all;
  some.restricted = true;
  some.allowed = {0, 4, 5, 10};
  some.excluded = {4};

  const BatchAnswer found = rank.answer({some, all});

  if (!world_.is_root()) return;
  const RankedLists everything = brute_force(queries_of({3}, false), 100);
  std::vector<ScoredItem> expected;
  for (const ScoredItem& one : everything[0]) {
    if (one.item == 0 || one.item == 5 || one.item == 10) expected.push_back(one);
  }
  EXPECT_THAT(found.lists[0], testing::ElementsAreArray(expected));
  EXPECT_THAT(found.lists[1], testing::ElementsAreArray(everything[0]));
}

TEST_F(ServingRankTest, an_unknown_user_gets_what_most_have_interacted_with) {
  ServingRank rank(world_, kernels(), 1, "");
  rank.begin_load(written(model_, 2));
  finish_load(rank);

  const BatchAnswer found = rank.answer({users_message({user_id(1), "nobody"}, 11)});

  if (!world_.is_root()) return;
  std::vector<float> counts(11, 0);
  for (const std::uint32_t item : model_.data.by_user.columns) ++counts[item];
  std::vector<ScoredItem> expected;
  for (std::uint32_t item = 0; item < 11; ++item) expected.push_back({counts[item], item});
  std::sort(expected.begin(), expected.end(), ranks_before);
  EXPECT_EQ(found.popular, (std::vector<std::uint8_t>{0, 1}));
  EXPECT_THAT(found.lists[1], testing::ElementsAreArray(expected));
}

TEST_F(ServingRankTest, folded_in_events_score_as_the_training_solver_would) {
  ServingRank rank(world_, kernels(), 1, "");
  rank.begin_load(written(model_, 2));
  finish_load(rank);
  ScoringMessage first;
  first.kind = ScoringMessage::Kind::events;
  first.events = {{0, 2.5F}, {6, 1.0F}, {10, 4.0F}};
  first.takes = 11;
  ScoringMessage second = first;
  second.events = {{6, 3.0F}};
  ScoringMessage none = first;
  none.events.clear();

  const BatchAnswer found = rank.answer({first, none, second});

  if (!world_.is_root()) return;
  GatheredItems items;
  items.items.resize(11);
  std::iota(items.items.begin(), items.items.end(), 0U);
  items.factors = model_.item_factors;
  items.biases = model_.item_biases;
  SparseRows rows;
  rows.offsets = {0, 3, 4};
  rows.columns = {0, 6, 10, 6};
  rows.values = {2.5F, 1.0F, 4.0F, 3.0F};
  const FoldedUsers folded = fold_in(model_.info, kernels(), rows, items, 1);
  Queries queries;
  queries.count = 2;
  queries.factors = model_.info.config.factors;
  queries.rows.assign(folded.factors.data(), folded.factors.data() + folded.factors.size());
  queries.offsets = folded.offsets;
  queries.excluded_offsets = {0, 0, 0};
  const RankedLists expected = brute_force(queries, 11);
  EXPECT_THAT(found.lists[0], testing::ElementsAreArray(expected[0]));
  EXPECT_THAT(found.lists[2], testing::ElementsAreArray(expected[1]));
  EXPECT_EQ(found.popular, (std::vector<std::uint8_t>{0, 1, 0}));
}

TEST_F(ServingRankTest, similar_items_are_the_nearest_of_all) {
  ServingRank rank(world_, kernels(), 1, "");
  rank.begin_load(written(model_, 2));
  finish_load(rank);
  std::vector<ScoringMessage> messages(11);
  for (std::uint32_t item = 0; item < 11; ++item) {
    messages[item].kind = ScoringMessage::Kind::similar;
    messages[item].item = item;
    messages[item].excluded = {item};
    messages[item].takes = 5;
  }

  const BatchAnswer found = rank.answer(messages);

  if (!world_.is_root()) return;
  const FactorMatrix unit = unit_rows(model_.item_factors);
  for (std::uint32_t item = 0; item < 11; ++item) {
    Queries query;
    query.count = 1;
    query.factors = static_cast<int>(unit.cols());
    query.rows.assign(unit.row(item).data(), unit.row(item).data() + unit.cols());
    query.excluded_offsets.push_back(1);
    query.excluded_items = {item};
    const RankedLists expected = top_k_of_block(kernels(), query, {unit.data(), {}, 0, 11}, 5, 1);
    EXPECT_THAT(found.lists[item], testing::ElementsAreArray(expected[0]));
  }
}

TEST_F(ServingRankTest, filters_by_what_the_item_information_says) {
  std::string text = "item,title,kind\nunknown,?,odd\n";
  for (std::size_t item = 0; item < 11; ++item) {
    text += fmt::format("{},Title {},{}\n", model_.data.item_ids[item], item, item % 2 == 0 ? "even|all" : "odd|all");
  }
  io::testing::write_bytes(directory_.path() / "items.csv", text);  // each rank's own: they are the same
  ServingRank rank(world_, kernels(), 1, directory_.path() / "items.csv");
  rank.begin_load(written(model_, 2));
  ASSERT_EQ(finish_load(rank).state, State::loaded);
  ScoringMessage message = users_message({user_id(5)}, 100);
  message.exclude_seen = false;
  message.filters = {{"kind", {"odd"}}};

  const BatchAnswer found = rank.answer({message});

  if (!world_.is_root()) return;
  const RankedLists everything = brute_force(queries_of({5}, false), 11);
  std::vector<ScoredItem> expected;
  for (const ScoredItem& one : everything[0]) {
    if (one.item % 2 == 1) expected.push_back(one);
  }
  EXPECT_THAT(found.lists[0], testing::ElementsAreArray(expected));
  const io::ServedModel& catalog = *rank.model()->catalog;
  EXPECT_EQ(catalog.titles[10], "Title 10");
  ASSERT_EQ(catalog.attributes.size(), 1U);
  EXPECT_THAT(catalog.attributes[0].values, testing::ElementsAre("all", "even", "odd"));
  EXPECT_EQ(catalog.ranks.size(), static_cast<std::size_t>(world_.size()));
  for (const io::RankShare& share : catalog.ranks) EXPECT_EQ(share.items, 11U) << "so few are in the head";
}

TEST_F(ServingRankTest, items_beyond_the_head_are_of_one_rank_and_in_all_answers) {
  constexpr std::uint32_t count = 16'800;
  model_ = io::testing::make_model(3, 23, count);
  model_.info.user_gramian = GramMatrix::Identity(5, 5);
  model_.data.item_ids = {};
  std::string text = "item,title,kind\n";
  for (std::uint32_t item = 0; item < count; ++item) {
    model_.data.item_ids.push_back(fmt::format("i{:05}", item));
    text += fmt::format("i{:05},,{}\n", item, item % 7 == 0 ? "seventh" : "other");
  }
  if (world_.is_root()) io::testing::write_bytes(directory_.path() / "items.csv", text);
  ServingRank rank(world_, kernels(), 1, shared(directory_.path() / "items.csv"));
  rank.begin_load(written(model_, 2));
  ASSERT_EQ(finish_load(rank).state, State::loaded);
  ScoringMessage filtered = users_message({user_id(3)}, count);
  filtered.filters = {{"kind", {"seventh"}}};
  filtered.exclude_seen = false;
  // One of the head and one of the part of a rank; who has the rows of the others is another.
  const ShardedItems& held = rank.model()->items;
  const std::uint32_t listed = world_.size() == 1 ? 0 : broadcast_value(world_, held.head.id(16'000));
  const std::uint32_t dealt = broadcast_value(world_, held.part.id(0), world_.size() - 1);
  ScoringMessage similar;
  similar.kind = ScoringMessage::Kind::similar;
  similar.takes = 20;
  similar.item = listed;
  ScoringMessage similar_to_dealt = similar;
  similar_to_dealt.item = dealt;
  ScoringMessage events;
  events.kind = ScoringMessage::Kind::events;
  events.events = {{std::min(listed, dealt), 2.5F}, {std::max(listed, dealt), 1.0F}};
  events.takes = count;

  const BatchAnswer found = rank.answer(
      {users_message({user_id(22), user_id(7), "nobody"}, count), filtered, similar, similar_to_dealt, events});

  if (!world_.is_root()) return;
  const RankedLists of_users = brute_force(queries_of({22, 7}, true), count);
  EXPECT_THAT(found.lists[0], testing::ElementsAreArray(of_users[0]));
  EXPECT_THAT(found.lists[1], testing::ElementsAreArray(of_users[1]));
  std::vector<float> counts(count, 0);
  for (const std::uint32_t item : model_.data.by_user.columns) ++counts[item];
  std::vector<ScoredItem> popular;
  for (std::uint32_t item = 0; item < count; ++item) popular.push_back({counts[item], item});
  std::sort(popular.begin(), popular.end(), ranks_before);
  EXPECT_THAT(found.lists[2], testing::ElementsAreArray(popular));
  const RankedLists everything = brute_force(queries_of({3}, false), count);
  std::vector<ScoredItem> sevenths(everything[0].begin(), everything[0].end());
  std::erase_if(sevenths, [](const ScoredItem& one) { return one.item % 7 != 0; });
  EXPECT_THAT(found.lists[3], testing::ElementsAreArray(sevenths));
  const FactorMatrix unit = unit_rows(model_.item_factors);
  Queries nearest;
  nearest.count = 2;
  nearest.factors = 5;
  for (const std::uint32_t item : {listed, dealt})
    nearest.rows.insert(nearest.rows.end(), unit.row(item).data(), unit.row(item).data() + 5);
  nearest.excluded_offsets = {0, 0, 0};
  const RankedLists of_items = top_k_of_block(kernels(), nearest, {unit.data(), {}, 0, count}, 20, 1);
  EXPECT_THAT(found.lists[4], testing::ElementsAreArray(of_items[0]));
  EXPECT_THAT(found.lists[5], testing::ElementsAreArray(of_items[1]));
  GatheredItems items;
  items.items.resize(count);
  std::iota(items.items.begin(), items.items.end(), 0U);
  items.factors = model_.item_factors;
  items.biases = model_.item_biases;
  SparseRows row;
  row.offsets = {0, 2};
  row.columns = {events.events[0].item, events.events[1].item};
  row.values = {2.5F, 1.0F};
  const FoldedUsers folded = fold_in(model_.info, kernels(), row, items, 1);
  Queries person;
  person.count = 1;
  person.factors = 5;
  person.rows.assign(folded.factors.data(), folded.factors.data() + 5);
  person.offsets = folded.offsets;
  person.excluded_offsets = {0, 0};
  EXPECT_THAT(found.lists[6], testing::ElementsAreArray(brute_force(person, count)[0]));
  for (const io::RankShare& share : rank.model()->catalog->ranks)
    EXPECT_GE(share.items, world_.size() == 1 ? count : 4096U);
}

TEST_F(ServingRankTest, a_broken_model_is_refused_on_all_ranks_and_the_old_one_stays) {
  ServingRank rank(world_, kernels(), 1, "");
  rank.begin_load(written(model_, 2));
  finish_load(rank);
  const std::string broken = written(io::testing::make_model(4, 23, 11, 9), 3);
  if (world_.is_root()) {
    const auto file = std::filesystem::path(broken) / "shard-00002.h5";
    std::string bytes = io::testing::read_bytes(file);
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    io::testing::write_bytes(file, bytes);
  }
  barrier(world_);

  rank.begin_load(broken);
  const ServingRank::LoadStep step = finish_load(rank);

  EXPECT_EQ(step.state, State::refused);
  EXPECT_THAT(step.reason, testing::HasSubstr("shard-00002.h5"));
  EXPECT_EQ(rank.model()->share.info.sweep, 3);
  const BatchAnswer found = rank.answer({users_message({user_id(2)}, 3)});
  if (world_.is_root()) {
    EXPECT_EQ(found.lists, brute_force(queries_of({2}, true), 3));
  }
}

TEST_F(ServingRankTest, without_a_first_model_all_ranks_end_with_its_error) {
  ServingRank rank(world_, kernels(), 1, "");
  rank.begin_load(shared(directory_.path() / "nothing"));

  EXPECT_THROW(finish_load(rank), AgreedError);
}

TEST_F(ServingRankTest, a_new_model_takes_the_place_of_the_old_one) {
  ServingRank rank(world_, kernels(), 1, "");
  rank.begin_load(written(model_, 1));
  finish_load(rank);
  model_ = io::testing::make_model(5, 9, 40, 2);
  rank.begin_load(written(model_, 4));
  finish_load(rank);

  const BatchAnswer found = rank.answer({users_message({user_id(8)}, 40)});

  if (!world_.is_root()) return;
  EXPECT_EQ(rank.model()->catalog->name, "sweep-000005");
  EXPECT_EQ(found.lists, brute_force(queries_of({8}, true), 40));
}

}  // namespace
}  // namespace alsace::mpi
