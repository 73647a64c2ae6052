#pragma once

#include "mpi/comm/communicator.hpp"
#include "mpi/data/load_input.hpp"
#include "mpi/training/training_data.hpp"
#include "src/als/config.hpp"

namespace alsace::mpi {

/// From a loaded data set to what the trainer takes: values read as the objective does, the transpose, and for explicit
/// the bias model, fitted and subtracted. Takes the rows out of `loaded`. Collective. Throws ErrorKind::input where a
/// value has no meaning for the objective, or nothing is left.
TrainingData prepare_data(const Communicator& comm, const TrainConfig& config, LoadedDataset& loaded);

/// Fits μ, b_u and b_i as config.biases asks, alternating between the sides. Collective: 8 bytes a row and pass.
BiasModel fit_biases(const Communicator& comm, const TrainConfig& config, const TrainingData& data);

}  // namespace alsace::mpi
