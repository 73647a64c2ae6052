#pragma once

#include <optional>
#include <string>
#include <vector>

#include "io/store/model_store.hpp"
#include "mpi/comm/communicator.hpp"
#include "mpi/training/run_options.hpp"
#include "src/model/model.hpp"

/// The resume contract: parameters or data that differ from the model's are refused, each field with both values; only
/// `sweeps` may grow; --precision auto takes the model's; how a run runs (ranks, threads, checkpoints) is not compared.
namespace alsace::mpi {

/// What a run asks for that a model was not trained with, a line a field: `regularization = 0.02, the model has 0.01`.
std::vector<std::string> resume_conflicts(const ModelInfo& model, const TrainConfig& config,
                                          const std::vector<std::string>& valid_metrics);

/// The checkpoint to go on from, the same on all ranks, or nothing for a fresh start. Collective. Throws
/// ErrorKind::usage where the options do not allow either.
std::optional<io::ModelReader> checkpoint_to_resume(const Communicator& comm, const RunOptions& options,
                                                    const TrainConfig& config);

/// Throws ErrorKind::usage on all ranks when the data are not those that the model was trained and validated on.
void check_data(const std::string& model, const ModelInfo& info, const Fingerprint& data, const Fingerprint& valid);

}  // namespace alsace::mpi
