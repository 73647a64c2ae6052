#pragma once

#include <optional>

#include "io/store/model_store.hpp"
#include "mpi/data/load_input.hpp"
#include "mpi/training/training_state.hpp"

namespace alsace::mpi {

/// Brings a training to where its next sweep can begin: the first one of a fresh model, or the one behind a checkpoint.
/// All of it is collective and throws alsace::Error, the same on all ranks.
class TrainingStart {
 public:
  /// Both must outlive it. Finds the checkpoint to go on from, if any.
  TrainingStart(TrainingContext& context, TrainingState& state);

  /// Loads the data and says in state.info how far the model is; refuses data that it was not trained on. Nothing else
  /// is to be done where it is complete.
  LoadedDataset load();
  /// Makes the trainer of what was loaded, with the factors of the checkpoint or fresh ones.
  void make_trainer(LoadedDataset loaded);

 private:
  void load_validation(const LoadedDataset& loaded);
  void resume_info(const Fingerprint& data);
  void prepare(LoadedDataset loaded);
  void start_factors();
  void resume_factors();
  void reopen();

  const Communicator& comm_;
  const RunOptions& options_;
  TrainingContext& context_;
  TrainingState& state_;
  std::optional<io::ModelReader> checkpoint_;
};

}  // namespace alsace::mpi
