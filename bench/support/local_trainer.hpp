#pragma once

#include <string>

#include "bench/support/interactions.hpp"
#include "src/als/config.hpp"
#include "src/als/solver_choice.hpp"
#include "src/kernels/kernel_table.hpp"
#include "src/matrix.hpp"

namespace alsace::bench {

/// The sweeps of Alsace on one rank without MPI, half by half, as mpi/training/trainer runs them: what is timed here is
/// what training does, the loss left out.
class LocalTrainer {
 public:
  /// Starts from the random item factors of config.seed. Keeps references.
  LocalTrainer(const TrainConfig& config, const KernelTable& kernels, const Interactions& data, int threads);

  /// Users, their Gramian, items, their Gramian.
  void sweep();
  /// The user half alone, its Gramian left out.
  void user_half();

  /// The objective, summed in fp64 from the fp32 factors.
  [[nodiscard]] double loss() const;
  /// Rows that each method solved in the last half-sweeps; of users alone where user_half() came last.
  [[nodiscard]] RowCounts solved() const { return solved_; }
  /// What the configuration's precision came to at this kernel level.
  [[nodiscard]] Precision precision() const { return config_.precision; }
  [[nodiscard]] const FactorMatrix& users() const { return users_; }
  [[nodiscard]] const FactorMatrix& items() const { return items_; }

 private:
  void solve(const SparseRows& rows, const FactorMatrix& fixed, const GramMatrix& gramian, FactorMatrix& solved,
             const char* row_name);

  TrainConfig config_;
  const KernelTable& kernels_;
  const Interactions& data_;
  int threads_;
  FactorMatrix users_;
  FactorMatrix items_;
  GramMatrix user_gramian_;
  GramMatrix item_gramian_;
  RowCounts solved_;
};

/// "cholesky 1,234, dual 99": those that solved any.
std::string rows_by_method(const RowCounts& counts);

/// The configuration that the yardsticks know: hkv, binary values, α = 8, λ = 0.1 for every row.
TrainConfig yardstick_config(int factors);

/// The objective of any factors, summed in fp64.
double loss_of(const TrainConfig& config, const KernelTable& kernels, const Interactions& data,
               const FactorMatrix& users, const FactorMatrix& items, int threads);

}  // namespace alsace::bench
