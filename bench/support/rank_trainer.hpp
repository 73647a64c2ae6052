#pragma once

#include <cstdint>

#include "bench/support/interactions.hpp"
#include "mpi/comm/communicator.hpp"
#include "mpi/training/trainer.hpp"

namespace alsace::bench {

/// The product's trainer on made-up data, with what it took: what `alsace train` runs, without files.
class RankTrainer {
 public:
  /// Cuts the data, which every rank has whole, as training does, and starts from random item factors. Collective.
  RankTrainer(const mpi::Communicator& comm, const TrainConfig& config, const KernelTable& kernels,
              const Interactions& data, int threads, const mpi::ExchangeOptions& exchange = {});

  /// One sweep. Collective.
  void sweep();
  [[nodiscard]] double loss() const { return loss_; }

  /// What the last sweep took on the slowest rank, by the trainer's own account; the same on all ranks.
  struct Account {
    double seconds = 0;   ///< of the sweep, without its loss
    double exchange = 0;  ///< of these: until the rows that are still under way are here
    double wait = 0;      ///< of these: for ranks that solve longer
    double received = 0;  ///< bytes, of all ranks
    double least = 0;     ///< the fewest that could have been
  };
  [[nodiscard]] const Account& account() const { return account_; }

 private:
  [[nodiscard]] Account total() const;

  const mpi::Communicator& comm_;
  mpi::PhaseTimes times_;
  mpi::Trainer trainer_;
  double loss_ = 0;
  Account account_;
};

/// Waits for all ranks without using the processor, which a bench of the others needs. Collective.
void wait_asleep(const mpi::Communicator& comm);

}  // namespace alsace::bench
