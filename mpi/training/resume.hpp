#pragma once

#include <string>
#include <vector>

#include "src/model/model.hpp"

namespace alsace::mpi {

/// What a run asks for that a model was not trained with, a line a field: `regularization = 0.02, the model has 0.01`.
/// Empty when the run may go on from the model. Only `sweeps` may grow; how a run runs is not compared.
std::vector<std::string> resume_conflicts(const ModelInfo& model, const TrainConfig& config,
                                          const std::vector<std::string>& valid_metrics);

/// The same for the data, once they are loaded.
std::vector<std::string> data_conflicts(const ModelInfo& model, const Fingerprint& data, const Fingerprint& valid);

}  // namespace alsace::mpi
