#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "src/data/sparse_rows.hpp"
#include "src/evaluation/ranking_metrics.hpp"
#include "src/kernels/kernel_table.hpp"
#include "src/matrix.hpp"
#include "src/ranking/scorer.hpp"

/// Ranking metrics of one shard of users, every user on its own. Values in, values out; what is added over users, and
/// how, is the caller's affair.
namespace alsace {

/// The users of one shard. Does not own.
struct UsersView {
  std::size_t count = 0;
  int factors = 0;                              ///< K
  const float* rows = nullptr;                  ///< count × K
  double mean = 0;                              ///< μ
  std::span<const double> biases;               ///< one a user, or empty
  bool has_biases = false;                      ///< explicit objective: scores are x·y + b_i + b_u + μ
  std::span<const std::uint64_t> seen_offsets;  ///< count + 1
  std::span<const std::uint32_t> seen_items;    ///< ascending within a user

  [[nodiscard]] std::span<const std::uint32_t> seen(std::size_t user) const {
    return seen_items.subspan(static_cast<std::size_t>(seen_offsets[user]),
                              static_cast<std::size_t>(seen_offsets[user + 1] - seen_offsets[user]));
  }
};

/// μ + b_u of one user.
inline double score_offset(const UsersView& users, std::size_t user) {
  return users.mean + (users.biases.empty() ? 0.0 : users.biases[user]);
}
/// The same for every user; empty where scores have no biases.
std::vector<double> score_offsets(const UsersView& users);

/// Scores of all items for consecutive users of a shard. Called from several threads at once.
class UserScorer {
 public:
  virtual ~UserScorer() = default;
  [[nodiscard]] virtual std::size_t items() const = 0;
  /// scores: count × items(); count ≤ score_queries. workspace: score_workspace floats. Does not throw.
  virtual void score(std::size_t first_user, std::size_t count, float* scores, float* workspace) const = 0;
};

/// Inner products, and biases where the model has them.
class FactorScorer final : public UserScorer {
 public:
  /// What it is given is kept by reference. `item_biases` may be empty.
  FactorScorer(const UsersView& users, const FactorView& items, std::span<const double> item_biases,
               const KernelTable& kernels);
  [[nodiscard]] std::size_t items() const override { return block_.count; }
  void score(std::size_t first_user, std::size_t count, float* scores, float* workspace) const override;

 private:
  const UsersView& users_;
  const KernelTable& kernels_;
  ItemBlock block_;
  std::vector<double> offsets_;
};

/// The same scores for everyone: the popularity baseline.
class CommonScorer final : public UserScorer {
 public:
  explicit CommonScorer(std::vector<float> scores) : scores_(std::move(scores)) {}
  [[nodiscard]] std::size_t items() const override { return scores_.size(); }
  void score(std::size_t first_user, std::size_t count, float* scores, float* workspace) const override;

 private:
  std::vector<float> scores_;
};

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
/// not. Cost: one scoring of all items a user. The result depends neither on the threads nor on the shard.
UserMetrics evaluate_users(const UserScorer& scorer, const UsersView& users, const SparseRows& held_out,
                           std::span<const std::uint32_t> unknown_items, std::span<const RankingMetric> metrics,
                           const ItemTraits& traits, int threads);

/// 1 for users that have a held-out item, else 0.
std::vector<std::uint8_t> tested_users(const SparseRows& held_out, std::span<const std::uint32_t> unknown_items);

}  // namespace alsace
