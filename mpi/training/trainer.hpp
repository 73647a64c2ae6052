#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>

#include "mpi/comm/communicator.hpp"
#include "mpi/shard_map.hpp"
#include "mpi/training/factor_exchange.hpp"
#include "mpi/training/phase_times.hpp"
#include "src/als/bias_model.hpp"
#include "src/als/config.hpp"
#include "src/data/sparse_rows.hpp"
#include "src/kernels/kernel_table.hpp"
#include "src/matrix.hpp"

namespace alsace::mpi {

/// What a rank holds of the interactions while it trains: each side's rows of its shard, values as the objective reads
/// them (for explicit: residuals of the bias model).
struct TrainingData {
  ShardMap users;
  ShardMap items;
  SparseRows by_user;
  SparseRows by_item;
  std::uint64_t interactions = 0;  ///< of all ranks
  BiasModel biases;
};

/// Data-parallel ALS. A sweep, with X the users' and Y the items' factors, every rank solving the rows of its shard:
///
///   X  ← solve(by_user, Y, YᵀY)     then every rank gets all of X, and  XᵀX
///   Y  ← solve(by_item, X, XᵀX)     then every rank gets all of Y, and  YᵀY
///   loss(X, Y)
///
/// All of it is collective, and gives the same bits on any number of ranks and threads.
class Trainer {
 public:
  Trainer(const Communicator& comm, const TrainConfig& config, const KernelTable& kernels, TrainingData data,
          int threads, PhaseTimes& times);

  /// Starts from the item rows that `fill` writes for a range: random ones, a file's, or a checkpoint's.
  /// `fill(RowRange, float* rows)`.
  template <class Fill>
  void start(Fill fill) {
    fill(items_.own_range(), items_.own());
    finish_items();
  }

  /// One sweep; returns its loss, or nothing when any rank was told to stop within it. With `keep_previous` everything
  /// is then as it was before the sweep; without (a checkpoint has that state) the factors are of no further use.
  std::optional<double> sweep(const std::stop_token& stop, bool keep_previous);

  [[nodiscard]] const TrainingData& data() const { return data_; }
  [[nodiscard]] const ReplicatedFactors& users() const { return users_; }
  [[nodiscard]] const ReplicatedFactors& items() const { return items_; }
  [[nodiscard]] const GramMatrix& user_gramian() const { return user_gramian_; }
  [[nodiscard]] const GramMatrix& item_gramian() const { return item_gramian_; }

 private:
  /// Own rows of both sides and the Gramians, as they were before a sweep.
  struct Previous {
    FactorMatrix users;
    FactorMatrix items;
    GramMatrix user_gramian;
    GramMatrix item_gramian;
  };

  [[nodiscard]] bool solve(const SparseRows& rows, const ReplicatedFactors& fixed, const GramMatrix& gramian,
                           ReplicatedFactors& solved, const char* row_name, const std::stop_token& stop);
  void finish_users();
  void finish_items();
  [[nodiscard]] GramMatrix gramian_of(ReplicatedFactors& side, const char* what);
  [[nodiscard]] double loss();
  void restore(const Previous& previous);

  const Communicator& comm_;
  TrainConfig config_;
  const KernelTable& kernels_;
  TrainingData data_;
  int threads_;
  PhaseTimes& times_;
  ReplicatedFactors users_;
  ReplicatedFactors items_;
  GramMatrix user_gramian_;
  GramMatrix item_gramian_;
};

}  // namespace alsace::mpi
