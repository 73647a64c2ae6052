#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "mpi/comm/communicator.hpp"
#include "mpi/data/load_input.hpp"
#include "mpi/shard_map.hpp"
#include "src/evaluation/evaluate_users.hpp"
#include "src/evaluation/ranking_metrics.hpp"
#include "src/evaluation/rating_metrics.hpp"
#include "src/evaluation/segments.hpp"
#include "src/kernels/kernel_table.hpp"
#include "src/matrix.hpp"
#include "src/ranking/item_index.hpp"

/// Metrics of a model that is spread over the ranks: users by shard, items whole on every rank. Sums by exact_sum, so
/// that the numbers have the same bits on any number of ranks and threads. All collective.
namespace alsace::mpi {

using Metrics = std::map<std::string, double>;  ///< by name: "ndcg@100"

/// The index by which a FactorScorer finds this rank's lists, or nothing where so few users are tested that it does not
/// pay, or where no metric needs lists. Ranks choose for themselves, since the lists are the same. It holds all items,
/// so that no user goes from rank to rank: while it lives, a copy of their factors and a quarter as much for the codes.
/// Collective, but moves nothing.
std::optional<ItemIndex> index_for_lists(const Communicator& comm, const UsersView& own, const FactorView& items,
                                         const std::vector<double>& item_biases, const HeldOut& held_out,
                                         const std::vector<RankingMetric>& metrics, int threads);

/// Averages over the users with a held-out item; 0 where there is no such user. `own`: the users of users.range(rank).
Metrics evaluate_ranking(const Communicator& comm, const ShardMap& users, const UsersView& own, const FactorView& items,
                         const std::vector<double>& item_biases, const HeldOut& held_out,
                         const std::vector<RankingMetric>& metrics, const KernelTable& kernels, int threads);

/// "rmse" and "mae" of μ + b_u + b_i + x·y over the held-out interactions of known users and items. Without any
/// such pair the metrics are absent.
Metrics evaluate_ratings(const Communicator& comm, const ShardMap& users, const UsersView& own, const FactorView& items,
                         const std::vector<double>& item_biases, const HeldOut& held_out, const KernelTable& kernels,
                         int threads);

/// Training interactions of every item, from the seen lists. Moves 8 bytes an item.
std::vector<std::uint64_t> item_popularity(const Communicator& comm, const UsersView& own, std::size_t items);

/// Users with a held-out item cut in groups by their number of training interactions. Moves 16 bytes for each number
/// that a rank's users have.
std::vector<Segment> user_segments(const Communicator& comm, const UsersView& own, const HeldOut& held_out, int count);

/// Predictions for one shard's users. What they are given is kept by reference.
Predict model_prediction(const UsersView& own, const FactorView& items, const std::vector<double>& item_biases,
                         const KernelTable& kernels);
Predict bias_prediction(const UsersView& own, const std::vector<double>& item_biases);  ///< μ + b_u + b_i
Predict mean_prediction(const UsersView& own);                                          ///< μ

/// Per-user errors of one shard that are yet to be averaged. Keeps its arguments but `predict` by reference.
class RatingEvaluation {
 public:
  RatingEvaluation(const Communicator& comm, const ShardMap& users, const UsersView& own, const HeldOut& held_out,
                   const Predict& predict, int threads);

  /// Over all known pairs, or those of the segment's users. Without any pair the metrics are absent.
  [[nodiscard]] Metrics average() const;
  [[nodiscard]] Metrics average(const Segment& segment) const;

 private:
  const Communicator& comm_;
  const ShardMap& users_;
  const UsersView& own_;
  const HeldOut& held_out_;
  std::vector<double> errors_;
};

/// Per-user values of one shard that are yet to be averaged, over all users or over some. Keeps communicator, map and
/// users by reference.
class RankingEvaluation {
 public:
  /// Collective when a metric needs the items' popularity.
  RankingEvaluation(const Communicator& comm, const ShardMap& users, const UsersView& own, const UserScorer& scorer,
                    const FactorView& items, const HeldOut& held_out, std::vector<RankingMetric> metrics, int threads);

  [[nodiscard]] Metrics average() const { return average_of(tested_); }
  /// Over the users with a held-out item and a number of training interactions within the segment; without coverage.
  [[nodiscard]] Metrics average(const Segment& segment) const;

 private:
  [[nodiscard]] Metrics average_of(const std::vector<std::uint8_t>& included) const;
  [[nodiscard]] Metrics coverage() const;

  const Communicator& comm_;
  const ShardMap& users_;
  const UsersView& own_;
  std::vector<RankingMetric> metrics_;
  std::size_t items_;
  std::vector<std::uint8_t> tested_;
  UserMetrics values_;
};

}  // namespace alsace::mpi
