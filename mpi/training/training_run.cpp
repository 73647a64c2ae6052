#include "mpi/training/training_run.hpp"

#include <filesystem>
#include <optional>
#include <utility>

#include <spdlog/spdlog.h>

#include "io/export/output_file.hpp"
#include "io/store/atomic_publish.hpp"
#include "io/store/model_lock.hpp"
#include "mpi/comm/threads.hpp"
#include "mpi/training/sweep_loop.hpp"
#include "mpi/training/training_start.hpp"

namespace alsace::mpi {
namespace {

/// The directory of a model that one run writes to.
class OwnDirectory {
 public:
  OwnDirectory(const Communicator& comm, std::string model) : comm_(comm), model_(std::move(model)) { lock(); }

  void prepare();

 private:
  void lock();

  const Communicator& comm_;
  std::string model_;
  std::optional<io::ModelLock> lock_;  // of rank 0
};

/// Once nothing can be wrong with the input any more: makes the directory, or removes what a kill left in it, and finds
/// out now, not after the first sweeps, whether it can be written.
void OwnDirectory::prepare() {
  comm_.run_together([&] {
    if (!comm_.is_root()) return;
    io::refuse_other_than_model(model_);
    io::make_directories(model_);
  });
  lock();  // before leftovers are removed: they may be another run's work
  comm_.run_together([&] {
    if (comm_.is_root()) io::prepare_model_directory(model_);
  });
}

/// Keeps other runs out of the model's directory from now on, if it is there.
void OwnDirectory::lock() {
  comm_.run_together([&] {
    std::error_code ignored;
    if (!comm_.is_root() || lock_ || !std::filesystem::is_directory(model_, ignored)) return;
    lock_.emplace(model_);
  });
}

void say_where_time_went(TrainingContext& context) {
  const auto report = context.times.report(context.comm);
  context.comm.run_together([&] {
    if (!context.comm.is_root()) return;
    spdlog::info("where the time went\n{}", report.table);
    if (!context.options.report_json.empty()) io::write_report(context.options.report_json, report.json);
  });
}

}  // namespace

int run_training(const Communicator& comm, TrainConfig config, const RunOptions& options,
                 const io::StopSignals& signals) {
  TrainingContext context{comm, options, kernel_table(options.kernel_level), choose_threads(comm, options.threads)};
  TrainingState state;
  state.config = std::move(config);
  OwnDirectory directory(comm, options.model);
  {
    TrainingStart start(context, state);
    LoadedDataset loaded = start.load();
    if (!state.info.complete) start.make_trainer(std::move(loaded));
  }
  directory.prepare();
  int code = 0;
  if (state.info.complete) {
    spdlog::info("{} is already complete: {} of {} sweeps{}", options.model, state.info.sweep, state.config.sweeps,
                 state.info.sweep < state.config.sweeps ? ", stopped early" : "");
  } else {
    code = SweepLoop(context, state, signals).run();
  }
  say_where_time_went(context);
  return code;
}

}  // namespace alsace::mpi
