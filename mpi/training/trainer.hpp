#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <vector>

#include "mpi/comm/communicator.hpp"
#include "mpi/training/make_sides.hpp"
#include "mpi/training/phase_times.hpp"
#include "mpi/training/training_data.hpp"
#include "src/als/config.hpp"
#include "src/als/shared_basis.hpp"
#include "src/als/solver_choice.hpp"
#include "src/data/sparse_rows.hpp"
#include "src/kernels/kernel_table.hpp"
#include "src/matrix.hpp"

namespace alsace::mpi {

/// What somebody who reads the factors while they are trained wants to be told of. All collective.
struct SweepHooks {
  std::function<void()> after_users;  ///< own user rows are final until the next sweep; item rows are about to change
  std::function<void()> before_restore;  ///< a stopped sweep is about to put back what was there before it
};

/// Data-parallel ALS. A sweep, with X the users' and Y the items' factors, every rank solving the rows of its shard:
///
///   X  ← solve(by_user, Y, YᵀY)     while every rank gets what it reads of X, then  XᵀX
///   Y  ← solve(by_item, X, XᵀX)     while every rank gets what it reads of Y, then  YᵀY
///   loss(X, Y)
///
/// All of it is collective, and gives the same bits on any number of ranks and threads, by any exchange.
class Trainer {
 public:
  Trainer(const Communicator& comm, const TrainConfig& config, const KernelTable& kernels, TrainingData data,
          int threads, PhaseTimes& times, const ExchangeOptions& exchange = {});

  /// Starts from the item rows that `fill` writes for a range: random ones, a file's, or a checkpoint's.
  /// `fill(RowRange, float* rows)`.
  template <class Fill>
  void start(Fill fill) {
    fill(sides_.items->own_range(), sides_.items->own());
    exchange(*sides_.items);
    item_gramian_ = gramian_of(*sides_.items, "the Gramian of the item factors");
  }

  /// Brings back this rank's user rows as the last sweep left them, where rows may start from their last value
  /// (may_start_warm). After start(). Not collective.
  template <class Fill>
  void start_users(Fill fill) {
    fill(sides_.users->own_range(), sides_.users->own());
  }

  /// One sweep; returns its loss, or nothing when any rank was told to stop within it. With `keep_previous` everything
  /// is then as it was before the sweep; without (a checkpoint has that state) the factors are of no further use.
  std::optional<double> sweep(const std::stop_token& stop, bool keep_previous, const SweepHooks& hooks = {});

  /// The columns of its matrices name rows of users().held() and items().held(), not always global ones.
  [[nodiscard]] const TrainingData& data() const { return data_; }
  /// The global items of this rank's users, in the order of data().by_user. 4 bytes an interaction.
  [[nodiscard]] std::vector<std::uint32_t> seen_items() const;
  [[nodiscard]] const SideFactors& users() const { return *sides_.users; }
  [[nodiscard]] const SideFactors& items() const { return *sides_.items; }
  /// Rows of this rank that each method solved in the last sweep, both sides together.
  [[nodiscard]] const RowCounts& solved_rows() const { return solved_rows_; }
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

  [[nodiscard]] bool solve(const SparseRows& rows, const SideFactors& fixed, const GramMatrix& gramian,
                           SideFactors& solved, const char* row_name, const std::stop_token& stop);
  [[nodiscard]] std::optional<SharedBasis> basis_of(const GramMatrix& gramian);
  void exchange(SideFactors& side);
  void start_rest(SideFactors& side);
  void finish(SideFactors& side);
  [[nodiscard]] GramMatrix gramian_of(const SideFactors& side, const char* what);
  [[nodiscard]] double loss();
  void restore(const Previous& previous);

  const Communicator& comm_;
  TrainConfig config_;
  const KernelTable& kernels_;
  TrainingData data_;
  int threads_;
  PhaseTimes& times_;
  bool overlap_;
  FactorSides sides_;
  GramMatrix user_gramian_;
  GramMatrix item_gramian_;
  RowCounts solved_rows_;
};

}  // namespace alsace::mpi
