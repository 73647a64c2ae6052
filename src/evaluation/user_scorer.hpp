#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "src/evaluation/users_view.hpp"
#include "src/kernels/kernel_table.hpp"
#include "src/matrix.hpp"
#include "src/ranking/item_index.hpp"
#include "src/ranking/scorer.hpp"
#include "src/ranking/top_k.hpp"

/// What metrics are computed from: a user's list of the best items that it has not seen, and, for those few metrics
/// that need them, the scores of all items.
namespace alsace {

/// For the users of one shard, which are named by their place in it.
class UserScorer {
 public:
  virtual ~UserScorer() = default;
  [[nodiscard]] virtual std::size_t items() const = 0;
  /// The k best unseen items of each of these users (all that are left, where there are fewer), by the scores that
  /// score() gives. `users`: ascending.
  [[nodiscard]] virtual RankedLists best_unseen(std::span<const std::size_t> users, std::size_t k,
                                                int threads) const = 0;
  /// Scores of all items for consecutive users. scores: count × items(); count ≤ score_queries. workspace:
  /// score_workspace floats. Called from several threads at once; does not throw.
  virtual void score(std::size_t first_user, std::size_t count, float* scores, float* workspace) const = 0;
};

/// Inner products, and biases where the model has them.
class FactorScorer final : public UserScorer {
 public:
  /// What it is given is kept by reference, but for the index. `item_biases` may be empty. `index`: of all items, by
  /// which lists are found without scoring every item; without it every item is scored. The lists are the same.
  FactorScorer(const UsersView& users, const FactorView& items, std::span<const double> item_biases,
               const KernelTable& kernels, std::optional<ItemIndex> index = std::nullopt);
  [[nodiscard]] std::size_t items() const override { return block_.count; }
  [[nodiscard]] RankedLists best_unseen(std::span<const std::size_t> users, std::size_t k, int threads) const override;
  void score(std::size_t first_user, std::size_t count, float* scores, float* workspace) const override;

 private:
  [[nodiscard]] Queries queries_of(std::span<const std::size_t> users) const;

  const UsersView& users_;
  const KernelTable& kernels_;
  ItemBlock block_;
  std::vector<double> offsets_;
  std::optional<ItemIndex> index_;
};

/// The same scores for everyone: the popularity baseline.
class CommonScorer final : public UserScorer {
 public:
  /// `users` are kept by reference. `scores`: one an item, none NaN.
  CommonScorer(const UsersView& users, std::vector<float> scores);
  [[nodiscard]] std::size_t items() const override { return scores_.size(); }
  /// Walks down one order of all items: k and what the user has seen, not all items.
  [[nodiscard]] RankedLists best_unseen(std::span<const std::size_t> users, std::size_t k, int threads) const override;
  void score(std::size_t first_user, std::size_t count, float* scores, float* workspace) const override;

 private:
  const UsersView& users_;
  std::vector<float> scores_;
  std::vector<ScoredItem> order_;
};

}  // namespace alsace
