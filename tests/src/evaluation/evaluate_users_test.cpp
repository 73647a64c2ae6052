#include "src/evaluation/evaluate_users.hpp"

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "src/evaluation/beyond_accuracy.hpp"
#include "src/ranking/item_index.hpp"
#include "tests/support/ranking_data.hpp"

namespace alsace {
namespace {

/// Users of a shard with what they have seen and what was held out, some of them cold: zeros that have seen nothing.
struct Shard {
  FactorMatrix users;
  FactorMatrix items;
  std::vector<double> user_biases;
  std::vector<double> item_biases;
  std::vector<std::uint64_t> seen_offsets{0};
  std::vector<std::uint32_t> seen_items;
  SparseRows held_out;
  std::vector<std::uint32_t> unknown_items;
  UsersView view;
  ItemTraits traits;

  Shard(std::size_t user_count, std::size_t item_count, int factors, bool biases) {
    std::mt19937_64 random(5);
    users = test::factor_rows(static_cast<Eigen::Index>(user_count), factors, true, 1);
    items = test::factor_rows(static_cast<Eigen::Index>(item_count), factors, false, 2);
    items.row(3) = items.row(7);  // scores tie
    const auto bias = [&] { return static_cast<double>(random() % 9) / 8 - 0.5; };
    for (std::size_t user = 0; user < user_count; ++user) {
      const bool cold = user % 9 == 4;
      if (cold) users.row(static_cast<Eigen::Index>(user)).setZero();
      if (biases) user_biases.push_back(bias());
      const std::size_t seen = cold ? 0 : user % 11 == 5 ? item_count : random() % (item_count / 3);
      for (const std::uint32_t item : test::some_items(random, seen, item_count)) seen_items.push_back(item);
      seen_offsets.push_back(seen_items.size());
      const std::size_t tested = user % 7 == 6 ? 0 : random() % 12;  // some of them seen as well
      for (const std::uint32_t item : test::some_items(random, tested, item_count)) held_out.columns.push_back(item);
      held_out.offsets.push_back(held_out.columns.size());
      unknown_items.push_back(user % 5 == 0 ? 2 : 0);
    }
    held_out.values.assign(held_out.columns.size(), 1.0F);
    if (biases) std::generate_n(std::back_inserter(item_biases), item_count, bias);
    view = {user_count, factors, users.data(), 3, user_biases, biases, seen_offsets, seen_items};
    std::vector<std::uint64_t> popularity(item_count, 0);
    for (const std::uint32_t item : seen_items) ++popularity[item];
    traits = {item_novelty(popularity, user_count), popularity_percentiles(popularity), unit_rows(items)};
  }

  [[nodiscard]] std::optional<ItemIndex> index() const {
    IndexedItems indexed;
    indexed.rows = items.data();
    indexed.count = static_cast<std::size_t>(items.rows());
    indexed.factors = static_cast<int>(items.cols());
    indexed.biases = item_biases;
    std::optional<ItemIndex> made;
    made.emplace(indexed, 1);
    return made;
  }
};

/// Lists as they are defined: all scores of a user in order, what was seen left out. No kernel that lists go through.
class SortedScorer final : public UserScorer {
 public:
  SortedScorer(const UserScorer& scorer, const UsersView& users) : scorer_(scorer), users_(users) {}
  [[nodiscard]] std::size_t items() const override { return scorer_.items(); }
  void score(std::size_t first, std::size_t count, float* scores, float* workspace) const override {
    scorer_.score(first, count, scores, workspace);
  }
  [[nodiscard]] RankedLists best_unseen(std::span<const std::size_t> users, std::size_t k, int) const override {
    RankedLists lists;
    std::vector<float> scores(items());
    std::vector<float> workspace(score_workspace);
    for (const std::size_t user : users) {
      score(user, 1, scores.data(), workspace.data());
      const auto seen = users_.seen(user);
      std::vector<ScoredItem> list;
      for (std::uint32_t item = 0; item < items(); ++item) {
        if (!std::binary_search(seen.begin(), seen.end(), item)) list.push_back({scores[item], item});
      }
      std::sort(list.begin(), list.end(), ranks_before);
      list.resize(std::min(k, list.size()));
      lists.push_back(list);
    }
    return lists;
  }

 private:
  const UserScorer& scorer_;
  const UsersView& users_;
};

std::vector<RankingMetric> all_metrics(int k) {
  std::vector<std::string> names{"auc", fmt::format("diversity@{}", std::min(k, 20))};
  for (const char* kind : {"ndcg", "recall", "recall_truncated", "precision", "map", "mrr", "hit_rate", "coverage",
                           "novelty", "popularity"}) {
    names.push_back(fmt::format("{}@{}", kind, k));
    names.push_back(fmt::format("{}@{}", kind, k / 2 + 1));
  }
  return parse_metrics(names);
}

UserMetrics metrics_of(const UserScorer& scorer, const Shard& shard, std::span<const RankingMetric> metrics,
                       int threads = 1) {
  return evaluate_users(scorer, shard.view, shard.held_out, shard.unknown_items, metrics, shard.traits, threads);
}

void expect_same(const UserMetrics& found, const UserMetrics& expected, const std::string& what) {
  EXPECT_EQ(found.values, expected.values) << what;
  EXPECT_EQ(found.covered, expected.covered) << what;
}

class EvaluateUsersLevelTest : public testing::TestWithParam<std::string_view> {};

TEST_P(EvaluateUsersLevelTest, metrics_by_the_index_by_all_scores_and_by_sorting_have_the_same_bits) {
  const KernelTable& kernels = kernel_table(GetParam());
  ASSERT_EQ(kernels.level, GetParam());
  for (const bool biases : {false, true}) {
    for (const int factors : {1, 16, 31}) {
      const Shard shard(80, 700, factors, biases);
      const FactorScorer by_scores(shard.view, shard.items, shard.item_biases, kernels);
      const FactorScorer by_index(shard.view, shard.items, shard.item_biases, kernels, shard.index());
      const SortedScorer by_sorting(by_scores, shard.view);
      for (const int k : {1, 10, 100, 1000}) {
        const auto metrics = all_metrics(k);

        const UserMetrics expected = metrics_of(by_sorting, shard, metrics);

        const std::string what = fmt::format("biases {}, {} factors, k {}", biases, factors, k);
        expect_same(metrics_of(by_index, shard, metrics), expected, what + ", by the index");
        expect_same(metrics_of(by_index, shard, metrics, 3), expected, what + ", by the index on three threads");
        expect_same(metrics_of(by_scores, shard, metrics), expected, what + ", by all scores");
        expect_same(metrics_of(by_scores, shard, metrics, 3), expected, what + ", by all scores on three threads");
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Levels, EvaluateUsersLevelTest, testing::ValuesIn(supported_kernel_levels()),
                         [](const auto& level) { return std::string(level.param); });

TEST(EvaluateUsersTest, lists_of_common_scores_are_those_of_sorting) {
  const Shard shard(150, 700, 4, false);
  std::vector<float> scores(700);
  std::mt19937_64 random(8);
  for (float& score : scores) score = static_cast<float>(random() % 40);
  const CommonScorer common(shard.view, scores);
  const SortedScorer by_sorting(common, shard.view);

  for (const int k : {1, 10, 1000}) {
    const auto metrics = all_metrics(k);
    expect_same(metrics_of(common, shard, metrics, 2), metrics_of(by_sorting, shard, metrics), fmt::format("k {}", k));
  }
}

TEST(EvaluateUsersTest, more_users_than_are_scored_together_get_their_own_lists) {
  const Shard shard(2500, 60, 8, false);
  const FactorScorer by_index(shard.view, shard.items, {}, kernel_table("portable"), shard.index());
  const SortedScorer by_sorting(by_index, shard.view);
  const auto metrics = all_metrics(5);

  expect_same(metrics_of(by_index, shard, metrics, 2), metrics_of(by_sorting, shard, metrics), "2500 users");
}

TEST(EvaluateUsersTest, users_without_held_out_items_have_zeros) {
  const Shard shard(150, 700, 16, false);
  const FactorScorer scorer(shard.view, shard.items, {}, kernel_table("portable"), shard.index());
  const auto metrics = all_metrics(10);
  const auto tested = tested_users(shard.held_out, shard.unknown_items);

  const UserMetrics found = metrics_of(scorer, shard, metrics);

  ASSERT_EQ(found.values.size(), 150 * metrics.size());
  ASSERT_EQ(std::count(tested.begin(), tested.end(), 0), 22);
  for (std::size_t user = 0; user < 150; ++user) {
    const auto own = std::span(found.values).subspan(user * metrics.size(), metrics.size());
    EXPECT_EQ(std::all_of(own.begin(), own.end(), [](double value) { return value == 0; }), tested[user] == 0) << user;
  }
}

TEST(InteractionsSeenTest, counts_held_out_pairs_of_the_same_user_alone) {
  const std::vector<std::uint64_t> offsets = {0, 2, 3};
  const std::vector<std::uint32_t> seen = {1, 4, 2};
  UsersView users;
  users.count = 2;
  users.seen_offsets = offsets;
  users.seen_items = seen;
  SparseRows held_out;
  held_out.offsets = {0, 3, 5};
  held_out.columns = {1, 2, 4, 1, 2};

  EXPECT_EQ(interactions_seen(users, held_out), 3U);
}

}  // namespace
}  // namespace alsace
