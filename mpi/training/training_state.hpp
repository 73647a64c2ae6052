#pragma once

#include <optional>

#include "mpi/comm/communicator.hpp"
#include "mpi/training/phase_times.hpp"
#include "mpi/training/run_options.hpp"
#include "mpi/training/trainer.hpp"
#include "mpi/training/validation.hpp"
#include "src/als/config.hpp"
#include "src/kernels/kernel_table.hpp"
#include "src/model/model.hpp"

namespace alsace::mpi {

/// What every part of a training run works with. Does not own but for the times.
struct TrainingContext {
  const Communicator& comm;
  const RunOptions& options;
  const KernelTable& kernels;
  int threads;
  PhaseTimes times = {};
};

/// A training between two sweeps.
struct TrainingState {
  TrainConfig config;
  ModelInfo info;           ///< of the last complete sweep
  int committed_sweep = 0;  ///< the last one that has a checkpoint
  ModelShard shard;         ///< ranges and ids: the trainer has the rest
  std::optional<Validation> validation;
  std::optional<Trainer> trainer;
};

}  // namespace alsace::mpi
