#include "mpi/evaluation/evaluate_model.hpp"

#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "src/evaluation/beyond_accuracy.hpp"

namespace alsace::mpi {
namespace {

/// A whole model and its held-out data, of which each rank shows its users.
struct Whole {
  FactorMatrix users;
  FactorMatrix items;
  std::vector<double> user_biases;
  std::vector<double> item_biases;
  std::vector<std::vector<std::uint32_t>> seen;
  SparseRows test;
  std::vector<std::uint32_t> unknown_items;
};

struct Shard {
  std::vector<std::uint64_t> seen_offsets{0};
  std::vector<std::uint32_t> seen_items;
  HeldOut held_out;
  UsersView view;
};

void fill_shard(const Whole& whole, RowRange mine, bool biases, Shard& shard) {
  SparseRows& rows = shard.held_out.by_user;
  rows.first_row = mine.begin;
  for (std::uint64_t user = mine.begin; user < mine.end; ++user) {
    shard.seen_items.insert(shard.seen_items.end(), whole.seen[user].begin(), whole.seen[user].end());
    shard.seen_offsets.push_back(shard.seen_items.size());
    const auto columns = whole.test.columns_of(user);
    const auto values = whole.test.values_of(user);
    rows.columns.insert(rows.columns.end(), columns.begin(), columns.end());
    rows.values.insert(rows.values.end(), values.begin(), values.end());
    rows.offsets.push_back(rows.columns.size());
    shard.held_out.unknown_items.push_back(whole.unknown_items[user]);
  }
  UsersView& view = shard.view;
  view.count = mine.size();
  view.factors = static_cast<int>(whole.users.cols());
  view.rows = whole.users.data() + mine.begin * static_cast<std::uint64_t>(whole.users.cols());
  view.mean = 3;
  view.has_biases = biases;
  if (biases) view.biases = std::span(whole.user_biases).subspan(mine.begin, mine.size());
  view.seen_offsets = shard.seen_offsets;
  view.seen_items = shard.seen_items;
}

Whole random_model(std::size_t users, std::uint32_t items) {
  std::mt19937 random(11);
  std::uniform_real_distribution<float> value(-1, 1);
  Whole whole;
  whole.users = FactorMatrix::NullaryExpr(static_cast<Eigen::Index>(users), 5, [&] { return value(random); });
  whole.items = FactorMatrix::NullaryExpr(items, 5, [&] { return value(random); });
  for (std::uint32_t item = 0; item < items; ++item) whole.item_biases.push_back(value(random));
  for (std::size_t user = 0; user < users; ++user) {
    whole.user_biases.push_back(value(random));
    whole.seen.emplace_back();
    for (std::uint32_t item = 0; item < items; ++item) {
      const auto draw = random() % 10;
      if (draw < 3) whole.seen.back().push_back(item);
      if (draw != 9 || user % 7 == 0) continue;  // some users have no held-out item
      whole.test.columns.push_back(item);
      whole.test.values.push_back(1.0F + static_cast<float>(random() % 5));
    }
    whole.test.offsets.push_back(whole.test.columns.size());
    whole.unknown_items.push_back(user % 5 == 0 ? 2 : 0);
  }
  return whole;
}

const KernelTable& kernels() {
  return kernel_table("portable");
}

/// One user with list 3 (seen: 0), 2, 1: scores are the item's factor.
Whole hand_model() {
  Whole whole;
  whole.users = FactorMatrix::Ones(3, 1);
  whole.items = FactorMatrix(4, 1);
  whole.items << 9, 1, 2, 3;
  whole.seen = {{0}, {0, 1}, {0}};
  whole.test.offsets = {0, 2, 3, 3};
  whole.test.columns = {1, 3, 2};
  whole.test.values = {4, 2, 5};
  whole.unknown_items = {0, 1, 0};
  return whole;
}

Metrics ranking_of(const Communicator& world, const Whole& whole, const std::vector<std::string>& names, int threads,
                   bool biases = false) {
  const ShardMap map = ShardMap::even(static_cast<std::uint64_t>(whole.users.rows()), world.size());
  Shard shard;
  fill_shard(whole, map.range(world.rank()), biases, shard);
  return evaluate_ranking(world, map, shard.view, whole.items, biases ? whole.item_biases : std::vector<double>(),
                          shard.held_out, parse_metrics(names), kernels(), threads);
}

TEST(EvaluateRankingTest, averages_over_users_with_a_held_out_item) {
  const auto world = Communicator::world();

  const Metrics metrics = ranking_of(
      world, hand_model(), {"recall@2", "precision@2", "mrr@2", "auc", "coverage@1", "novelty@1", "popularity@1"}, 1);

  // User 0: list 3 2, hit 3 of {1, 3}. User 1: list 3 2, hit 2 of {2, unknown}. User 2 has no held-out item.
  EXPECT_DOUBLE_EQ(metrics.at("recall@2"), (0.5 + 0.5) / 2);
  EXPECT_DOUBLE_EQ(metrics.at("precision@2"), (0.5 + 0.5) / 2);
  EXPECT_DOUBLE_EQ(metrics.at("mrr@2"), (1.0 + 0.5) / 2);
  EXPECT_DOUBLE_EQ(metrics.at("auc"), (0.5 + 0.0) / 2);
  EXPECT_DOUBLE_EQ(metrics.at("coverage@1"), 1.0 / 4);        // item 3
  EXPECT_DOUBLE_EQ(metrics.at("novelty@1"), std::log2(3.0));  // counts as one of three users
  EXPECT_DOUBLE_EQ(metrics.at("popularity@1"), 1.0 / 4);      // counts 3 1 0 0: two least popular items
}

TEST(EvaluateRankingTest, has_the_bits_of_one_rank_and_one_thread) {
  const auto world = Communicator::world();
  const auto alone = world.split(world.rank(), 0);
  const Whole whole = random_model(203, 90);
  const std::vector<std::string> names{"ndcg@10",    "recall@5",  "recall_truncated@5", "precision@5",
                                       "map@10",     "mrr@10",    "hit_rate@3",         "auc",
                                       "coverage@2", "novelty@5", "popularity@5",       "diversity@5"};

  // One rank has users enough for an index, three do not.
  for (const bool biases : {false, true}) {
    const Metrics together = ranking_of(world, whole, names, 2, biases);
    const Metrics single = ranking_of(alone, whole, names, 1, biases);

    EXPECT_EQ(together, single) << "biases " << biases;
    EXPECT_EQ(together.size(), 12U);
  }
}

TEST(EvaluateRankingTest, items_are_indexed_where_many_users_need_lists) {
  const auto world = Communicator::world();
  const auto is_indexed = [&](std::size_t users, const char* metric) {
    const Whole whole = random_model(users, 90);
    Shard shard;
    fill_shard(whole, {0, users}, false, shard);
    const std::vector<RankingMetric> metrics{parse_metric(metric)};
    return index_for_lists(world, shard.view, whole.items, {}, shard.held_out, metrics, 1).has_value();
  };

  EXPECT_TRUE(is_indexed(200, "ndcg@10"));
  EXPECT_FALSE(is_indexed(100, "ndcg@10"));
  EXPECT_FALSE(is_indexed(200, "auc"));
}

TEST(EvaluateRankingTest, no_held_out_items_give_zeros) {
  const auto world = Communicator::world();
  Whole whole = hand_model();
  whole.test = SparseRows();
  whole.test.offsets = {0, 0, 0, 0};
  whole.unknown_items = {0, 0, 0};

  EXPECT_EQ(ranking_of(world, whole, {"ndcg@5"}, 1), (Metrics{{"ndcg@5", 0.0}}));
}

TEST(RankingEvaluationTest, segments_weighted_by_their_users_give_the_whole) {
  const auto world = Communicator::world();
  const Whole whole = random_model(100, 60);
  const ShardMap map = ShardMap::even(100, world.size());
  Shard shard;
  fill_shard(whole, map.range(world.rank()), false, shard);
  const FactorScorer scorer(shard.view, whole.items, {}, kernels());
  const RankingEvaluation evaluation(world, map, shard.view, scorer, whole.items, shard.held_out,
                                     parse_metrics(std::vector<std::string>{"ndcg@10", "coverage@10"}), 1);

  const auto segments = user_segments(world, shard.view, shard.held_out, 3);

  ASSERT_EQ(segments.size(), 3U);
  double sum = 0;
  std::uint64_t users = 0;
  for (const Segment& segment : segments) {
    const Metrics metrics = evaluation.average(segment);
    EXPECT_FALSE(metrics.contains("coverage@10"));
    sum += metrics.at("ndcg@10") * static_cast<double>(segment.users);
    users += segment.users;
  }
  EXPECT_NEAR(sum / static_cast<double>(users), evaluation.average().at("ndcg@10"), 1e-12);
}

TEST(RankingEvaluationTest, popularity_counts_training_interactions_of_all_ranks) {
  const auto world = Communicator::world();
  const Whole whole = hand_model();
  const ShardMap map = ShardMap::even(3, world.size());
  Shard shard;
  fill_shard(whole, map.range(world.rank()), false, shard);

  EXPECT_EQ(item_popularity(world, shard.view, 4), (std::vector<std::uint64_t>{3, 1, 0, 0}));
}

TEST(EvaluateRatingsTest, averages_over_pairs) {
  const auto world = Communicator::world();
  const Whole whole = hand_model();
  const ShardMap map = ShardMap::even(3, world.size());
  Shard shard;
  fill_shard(whole, map.range(world.rank()), false, shard);

  const Metrics metrics = evaluate_ratings(world, map, shard.view, whole.items, {}, shard.held_out, kernels(), 1);

  // Predictions 1, 3 and 2 for 4, 2 and 5.
  EXPECT_DOUBLE_EQ(metrics.at("rmse"), std::sqrt((9.0 + 1 + 9) / 3));
  EXPECT_DOUBLE_EQ(metrics.at("mae"), (3.0 + 1 + 3) / 3);
}

TEST(EvaluateRatingsTest, without_a_known_pair_the_metrics_are_absent) {
  const auto world = Communicator::world();
  Whole whole = hand_model();
  whole.test = SparseRows();
  whole.test.offsets = {0, 0, 0, 0};
  const ShardMap map = ShardMap::even(3, world.size());
  Shard shard;
  fill_shard(whole, map.range(world.rank()), false, shard);

  EXPECT_TRUE(evaluate_ratings(world, map, shard.view, whole.items, {}, shard.held_out, kernels(), 1).empty());
}

TEST(EvaluateRatingsTest, has_the_bits_of_one_rank_and_the_exact_value_with_biases) {
  const auto world = Communicator::world();
  const auto alone = world.split(world.rank(), 0);
  const Whole whole = random_model(150, 70);
  const auto ratings_on = [&](const Communicator& comm, int threads) {
    const ShardMap map = ShardMap::even(150, comm.size());
    Shard shard;
    fill_shard(whole, map.range(comm.rank()), true, shard);
    return evaluate_ratings(comm, map, shard.view, whole.items, whole.item_biases, shard.held_out, kernels(), threads);
  };
  double squares = 0;
  for (std::size_t user = 0; user < 150; ++user) {
    for (std::size_t j = 0; j < whole.test.row_length(user); ++j) {
      const std::uint32_t item = whole.test.columns_of(user)[j];
      const double product =
          whole.users.row(static_cast<Eigen::Index>(user)).cast<double>().dot(whole.items.row(item).cast<double>());
      const double error =
          whole.test.values_of(user)[j] - (product + 3 + whole.user_biases[user] + whole.item_biases[item]);
      squares += error * error;
    }
  }

  const Metrics together = ratings_on(world, 2);

  EXPECT_EQ(together, ratings_on(alone, 1));
  // Each prediction is rounded to fp32: about 6 units of 2^-24.
  EXPECT_NEAR(together.at("rmse"), std::sqrt(squares / static_cast<double>(whole.test.nonzeros())), 1e-6);
}

TEST(EvaluateRatingsTest, bias_model_and_mean_predict_without_factors) {
  const auto world = Communicator::world();
  Whole whole = hand_model();
  whole.user_biases = {1, 0, 0};
  whole.item_biases = {0, 0, 0.5, 0};
  const ShardMap map = ShardMap::even(3, world.size());
  Shard shard;
  fill_shard(whole, map.range(world.rank()), true, shard);
  const auto mae = [&](const Predict& predict) {
    return RatingEvaluation(world, map, shard.view, shard.held_out, predict, 1).average().at("mae");
  };

  // Values 4, 2 of user 0 and 5 of user 1 on item 2.
  EXPECT_DOUBLE_EQ(mae(bias_prediction(shard.view, whole.item_biases)), (0.0 + 2 + 1.5) / 3);
  EXPECT_DOUBLE_EQ(mae(mean_prediction(shard.view)), (1.0 + 1 + 2) / 3);
}

}  // namespace
}  // namespace alsace::mpi
