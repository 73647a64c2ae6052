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
#include "src/evaluation/segments.hpp"
#include "src/kernels/kernel_table.hpp"
#include "src/matrix.hpp"

/// Metrics of a model that is spread over the ranks: users by shard, items whole on every rank. Sums by exact_sum, so
/// that the numbers have the same bits on any number of ranks and threads. All collective.
namespace alsace::mpi {

using Metrics = std::map<std::string, double>;  ///< by name: "ndcg@100"

/// Averages over the users with a held-out item; 0 where there is no such user. `own`: the users of users.range(rank).
Metrics evaluate_ranking(const Communicator& comm, const ShardMap& users, const UsersView& own,
                         const FactorMatrix& items, const std::vector<double>& item_biases, const HeldOut& held_out,
                         const std::vector<RankingMetric>& metrics, const KernelTable& kernels, int threads);

/// "rmse" and "mae" of μ + b_u + b_i + x·y over the held-out interactions of known users and items; 0 without any.
Metrics evaluate_ratings(const Communicator& comm, const ShardMap& users, const UsersView& own,
                         const FactorMatrix& items, const std::vector<double>& item_biases, const HeldOut& held_out,
                         const KernelTable& kernels, int threads);

/// The same for the bias model alone, and, with `mean_only`, for μ.
Metrics evaluate_bias_model(const Communicator& comm, const ShardMap& users, const UsersView& own,
                            const std::vector<double>& item_biases, const HeldOut& held_out, bool mean_only,
                            int threads);

/// Training interactions of every item, from the seen lists. Moves 8 bytes an item.
std::vector<std::uint64_t> item_popularity(const Communicator& comm, const UsersView& own, std::size_t items);

/// Per-user values of one shard that are yet to be averaged, over all users or over some.
class RankingEvaluation {
 public:
  /// Collective when a metric needs the items' popularity.
  RankingEvaluation(const Communicator& comm, const ShardMap& users, const UsersView& own, const UserScorer& scorer,
                    const FactorMatrix& items, const HeldOut& held_out, std::vector<RankingMetric> metrics,
                    int threads);

  [[nodiscard]] Metrics average() const { return average_of(tested_); }
  /// Over the users with a held-out item and a number of training interactions within the segment; without coverage.
  [[nodiscard]] Metrics average(const Segment& segment) const;
  /// Groups of users with a held-out item.
  [[nodiscard]] std::vector<Segment> segments(int count) const;
  /// Users with a held-out item, over all ranks.
  [[nodiscard]] std::uint64_t tested_users() const;

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
