#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "src/data/sparse_rows.hpp"
#include "src/evaluation/ranking_metrics.hpp"
#include "src/evaluation/user_scorer.hpp"
#include "src/evaluation/users_view.hpp"
#include "src/matrix.hpp"

/// Ranking metrics of one shard of users, every user on its own. Values in, values out; what is added over users, and
/// how, is the caller's affair.
namespace alsace {

/// What novelty, popularity and diversity need to know of the items; those not asked for may be empty.
struct ItemTraits {
  std::vector<double> novelty;
  std::vector<double> percentile;
  FactorMatrix unit_factors;
};

struct UserMetrics {
  /// users × metrics, row-major; zeros for users without held-out items, and for coverage.
  std::vector<double> values;
  /// For each metric one byte an item: 1 where it is in some list. Empty unless the metric is coverage.
  std::vector<std::vector<std::uint8_t>> covered;
};

/// Held-out rows: the users of the view; unknown_items: one a user. A user counts when it has a held-out item, known or
/// not. Cost: a list as long as the greatest cut-off a user, and for auc one scoring of all items. The result depends
/// neither on the threads nor on the shard.
UserMetrics evaluate_users(const UserScorer& scorer, const UsersView& users, const SparseRows& held_out,
                           std::span<const std::uint32_t> unknown_items, std::span<const RankingMetric> metrics,
                           const ItemTraits& traits, int threads);

/// Held-out pairs that the model was trained on; rows as in evaluate_users.
std::uint64_t interactions_seen(const UsersView& users, const SparseRows& held_out);

/// 1 for users that have a held-out item, else 0.
std::vector<std::uint8_t> tested_users(const SparseRows& held_out, std::span<const std::uint32_t> unknown_items);

}  // namespace alsace
