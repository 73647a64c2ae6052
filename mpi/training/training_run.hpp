#pragma once

#include "io/stop_signals.hpp"
#include "mpi/comm/communicator.hpp"
#include "mpi/training/run_options.hpp"
#include "src/als/config.hpp"

namespace alsace::mpi {

/// The whole of `alsace train`: load, resume or start, sweep, validate, checkpoint, report. Collective. Returns the
/// exit code: 0, or 6 when told to stop before the end. Throws alsace::Error, the same on all ranks.
int run_training(const Communicator& comm, TrainConfig config, const RunOptions& options,
                 const io::StopSignals& signals);

}  // namespace alsace::mpi
