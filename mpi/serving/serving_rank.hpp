#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "io/stop_signals.hpp"
#include "mpi/comm/communicator.hpp"
#include "mpi/serving/answer_batch.hpp"
#include "mpi/serving/doorbell.hpp"
#include "mpi/serving/model_loader.hpp"
#include "mpi/serving/rank_model.hpp"
#include "src/kernels/kernel_table.hpp"

namespace alsace::mpi {

/// What every rank of a service is: a model, maybe the next one on its way, and what is done with them together.
class ServingRank {
 public:
  /// `item_info`: "" or the file, which every rank reads.
  ServingRank(const Communicator& comm, const KernelTable& kernels, int threads,
              const std::filesystem::path& item_info);

  /// Begins to load a checkpoint, the same on all ranks; returns at once.
  void begin_load(const std::filesystem::path& checkpoint);
  [[nodiscard]] bool loading() const { return loading_; }

  /// How far the load is; once all ranks are done, this one's part of the model before is gone and the new one in
  /// service. Collective. Throws AgreedError when there is no model to serve on with.
  struct LoadStep {
    ModelLoader::Progress::State state;
    std::string reason;  ///< of a refusal
  };
  LoadStep load_step();

  /// Null until the first model is loaded.
  [[nodiscard]] const RankModel* model() const { return model_.get(); }

  /// Collective.
  [[nodiscard]] BatchAnswer answer(const std::vector<ScoringMessage>& messages) const;

 private:
  const Communicator& comm_;
  const KernelTable& kernels_;
  int threads_;
  ModelLoader loader_;
  bool loading_ = false;
  std::unique_ptr<RankModel> model_;
};

/// The life of every rank but the coordinator: does what it is told until it is told to leave. When this rank is asked
/// to stop by a signal, it passes that on to the coordinator. Collective with Coordinator::run.
void serve_as_scorer(ServingRank& rank, Doorbell& doorbell, const io::StopSignals& signals);

}  // namespace alsace::mpi
