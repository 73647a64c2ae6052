#pragma once

#include <optional>

#include "io/stop_signals.hpp"
#include "mpi/training/checkpointing.hpp"
#include "mpi/training/training_state.hpp"

namespace alsace::mpi {

/// The sweeps of a training, from where its state is to the last one: trains, validates, records, and commits
/// checkpoints meanwhile. Collective.
class SweepLoop {
 public:
  /// All must outlive it.
  SweepLoop(TrainingContext& context, TrainingState& state, const io::StopSignals& signals);

  /// The exit code: 0, or 6 when told to stop before the end; what is complete is committed then. Throws alsace::Error,
  /// the same on all ranks.
  int run();

 private:
  std::optional<double> sweep(double& seconds);
  void after_users(int sweep);
  void record_sweep(double loss, double seconds);
  [[nodiscard]] bool is_due(int sweep) const;
  void begin_checkpoint(int sweep);
  void end_checkpoint();
  void publish();
  int stop();

  const Communicator& comm_;
  const RunOptions& options_;
  TrainingContext& context_;
  TrainingState& state_;
  const io::StopSignals& signals_;
  CheckpointWriter checkpoints_;  // reads rows of the trainer
};

}  // namespace alsace::mpi
