#include "mpi/training/training_run.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <span>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include "io/export/npy.hpp"
#include "io/export/output_file.hpp"
#include "io/store/atomic_publish.hpp"
#include "io/store/model_lock.hpp"
#include "io/store/model_store.hpp"
#include "mpi/comm/collectives.hpp"
#include "mpi/comm/threads.hpp"
#include "mpi/data/load_input.hpp"
#include "mpi/data/redistribute.hpp"
#include "mpi/training/checkpointing.hpp"
#include "mpi/training/prepare_data.hpp"
#include "mpi/training/resume.hpp"
#include "mpi/training/trainer.hpp"
#include "mpi/training/validation.hpp"
#include "src/als/early_stopping.hpp"
#include "src/als/initial_factors.hpp"
#include "src/als/row_cost.hpp"
#include "src/als/solver_choice.hpp"
#include "src/error.hpp"

namespace alsace::mpi {
namespace {

/// The part of `all` that belongs to these rows; nothing of nothing.
std::span<const double> rows_of(const std::vector<double>& all, RowRange rows) {
  if (all.empty()) return {};
  return std::span(all).subspan(static_cast<std::size_t>(rows.begin), static_cast<std::size_t>(rows.size()));
}

class TrainingRun {
 public:
  TrainingRun(const Communicator& comm, TrainConfig config, const RunOptions& options, const io::StopSignals& signals)
      : comm_(comm),
        config_(std::move(config)),
        options_(options),
        signals_(signals),
        kernels_(kernel_table(options.kernel_level)),
        threads_(choose_threads(comm, options.threads)) {}

  int run() {
    lock();
    checkpoint_ = checkpoint_to_resume(comm_, options_, config_);
    if (config_.precision == Precision::auto_)
      config_.precision = resolve_precision(checkpoint_ ? checkpoint_->info().config.precision : config_.precision);
    LoadedDataset loaded = load();
    resume_info(loaded.fingerprint);
    if (info_.complete) {
      prepare_directory();
      spdlog::info("{} is already complete: {} of {} sweeps{}", options_.model, info_.sweep, config_.sweeps,
                   info_.sweep < config_.sweeps ? ", stopped early" : "");
      report();
      return 0;
    }
    prepare(std::move(loaded));
    start_factors();
    prepare_directory();
    const int code = sweep_until_done();
    report();
    return code;
  }

 private:
  LoadedDataset load();
  void resume_info(const Fingerprint& data);
  void prepare(LoadedDataset loaded);
  void start_factors();
  void resume_factors();
  void reopen();
  void lock();
  void prepare_directory();
  int sweep_until_done();
  std::optional<double> sweep(double& seconds);
  void after_users(int sweep);
  void record_sweep(double loss, double seconds);
  [[nodiscard]] bool is_due(int sweep) const;
  void begin_checkpoint(int sweep);
  void end_checkpoint();
  void publish();
  int stop();
  void report();

  const Communicator& comm_;
  TrainConfig config_;
  const RunOptions& options_;
  const io::StopSignals& signals_;
  const KernelTable& kernels_;
  int threads_;
  PhaseTimes times_;
  std::optional<io::ModelLock> lock_;          // of rank 0
  std::optional<io::ModelReader> checkpoint_;  // to go on from
  std::optional<Validation> validation_;
  ModelInfo info_;           // of the last complete sweep
  int committed_sweep_ = 0;  // the last one that has a checkpoint
  ModelShard shard_;         // ranges and ids: the trainer has the rest
  std::optional<Trainer> trainer_;
  std::optional<CheckpointWriter> checkpoints_;  // reads rows of the trainer
};

LoadedDataset TrainingRun::load() {
  const auto scope = times_.measure(Phase::load);
  LoadedDataset loaded =
      load_input(comm_, options_.inputs, options_.read, options_.duplicates, training_cost(config_.factors));
  loaded.shard.timestamps = {};  // 8 bytes an interaction that training does not read
  spdlog::info("{} users, {} items, {} interactions on {} rank(s) with {} thread(s)", loaded.shard.users,
               loaded.shard.items, loaded.shard.interactions, comm_.size(), threads_);
  if (!options_.valid.empty()) {
    const auto users = DistributedIds::from_sorted(comm_, loaded.shard.user_ids, loaded.users);
    const auto items = DistributedIds::from_sorted(comm_, loaded.shard.item_ids, loaded.items);
    io::ReadOptions read = options_.read;
    read.append_rejects = true;  // behind those of the training data
    validation_.emplace(comm_,
                        load_held_out(comm_, options_.valid, read, options_.duplicates, users, items, loaded.users),
                        options_.valid_metrics, fmt::format("{}", fmt::join(options_.valid, " ")));
  }
  return loaded;
}

/// Takes up where the checkpoint is, if there is one and it was trained on these data.
void TrainingRun::resume_info(const Fingerprint& data) {
  const Fingerprint valid = validation_ ? validation_->fingerprint() : Fingerprint{};
  if (checkpoint_) {
    check_data(options_.model, checkpoint_->info(), data, valid);
    info_ = checkpoint_->info();
    committed_sweep_ = info_.sweep;
    info_.complete = info_.sweep >= config_.sweeps || out_of_patience(info_.early_stopping, config_.patience);
    if (comm_.is_root() && !info_.complete && info_.kernel_level != kernels_.level) {
      spdlog::warn("{} was trained at kernel level {}, this run goes on at {}: the bits will differ", options_.model,
                   info_.kernel_level, kernels_.level);
    }
    if (comm_.is_root() && !info_.complete && info_.solver_costs != solver_costs_version) {
      spdlog::warn("{} chose solvers by version {} of their costs, this program by {}: the bits may differ",
                   options_.model, info_.solver_costs, solver_costs_version);
    }
  }
  info_.config = config_;
  info_.data = data;
  info_.valid = valid;
  info_.valid_metrics = fmt::format("{}", fmt::join(options_.valid_metrics, ","));
  if (validation_) info_.early_stopping.metric = validation_->metrics().front();
}

void TrainingRun::prepare(LoadedDataset loaded) {
  TrainingData data = [&] {
    const auto scope = times_.measure(Phase::prepare);
    return prepare_data(comm_, config_, loaded);
  }();
  comm_.run_together([&] {
    const std::uint64_t most = std::min(data.users.rows(), data.items.rows());
    if (static_cast<std::uint64_t>(config_.factors) > most) {
      throw usage_error(
          fmt::format("--factors = {}, expected 1 to {}, the smaller of users and items", config_.factors, most));
    }
  });
  shard_.users = data.users.range(comm_.rank());
  shard_.items = data.items.range(comm_.rank());
  shard_.user_ids = std::move(loaded.shard.user_ids);
  shard_.item_ids = redistribute_ids(comm_, loaded.shard.item_ids, loaded.items, data.items);
  shard_.first_interaction = exclusive_sum(comm_, static_cast<std::uint64_t>(data.by_user.nonzeros()));
  info_.users = data.users.rows();
  info_.items = data.items.rows();
  info_.interactions = data.interactions;
  info_.mean = data.biases.mean;
  trainer_.emplace(comm_, config_, kernels_, std::move(data), threads_, times_, options_.exchange);
}

void TrainingRun::start_factors() {
  if (checkpoint_) return resume_factors();
  trainer_->start([&](RowRange range, float* rows) {
    if (options_.init_items.empty()) {
      initialize_items(config_, range, rows);
      return;
    }
    comm_.run_together([&] {
      const io::NpyReader file(options_.init_items);
      if (file.rows() != info_.items || file.columns() != static_cast<std::uint64_t>(config_.factors)) {
        throw input_error(fmt::format("{}: shape = {} x {}, expected {} x {} (items x factors)", options_.init_items,
                                      file.rows(), file.columns(), info_.items, config_.factors));
      }
      Eigen::Map<FactorMatrix>(rows, static_cast<Eigen::Index>(range.size()), config_.factors) =
          file.read(range).cast<float>();
    });
  });
}

/// A sweep starts from the item factors alone, unless its solvers start from the users' last rows.
void TrainingRun::resume_factors() {
  const bool warm = may_start_warm(config_);
  const io::ModelReader::Parts factors{
      .user_ids = false, .user_factors = warm, .seen = false, .item_ids = false, .item_factors = true};
  ModelShard stored;
  comm_.run_together([&] { checkpoint_->verify_files(comm_.rank(), comm_.size()); });
  comm_.run_together([&] { stored = checkpoint_->read(warm ? shard_.users : RowRange{0, 0}, shard_.items, factors); });
  const auto copy = [](const FactorMatrix& from) {
    return [&from](RowRange, float* rows) { std::copy_n(from.data(), from.size(), rows); };
  };
  trainer_->start(copy(stored.item_factors));
  if (warm) trainer_->start_users(copy(stored.user_factors));
  if (checkpoint_->info().complete) reopen();
  spdlog::info("goes on after sweep {} of {}", info_.sweep, options_.model);
}

/// A complete model is to get more sweeps: its checkpoint must not say complete any longer, or a script that asks it
/// after an interruption would take it for done.
void TrainingRun::reopen() {
  ModelShard stored;
  comm_.run_together([&] {
    checkpoint_->read_gramians();
    stored = checkpoint_->read(shard_.users, shard_.items);
  });
  stored.first_interaction = shard_.first_interaction;
  info_.user_gramian = checkpoint_->info().user_gramian;
  info_.item_gramian = checkpoint_->info().item_gramian;
  commit_checkpoint(comm_, options_.model, info_, stored, options_.keep, times_);
}

/// Once nothing can be wrong with the input any more: makes the directory, or removes what a kill left in it, and finds
/// out now, not after the first sweeps, whether it can be written.
void TrainingRun::prepare_directory() {
  comm_.run_together([&] {
    if (!comm_.is_root()) return;
    io::refuse_other_than_model(options_.model);
    io::make_directories(options_.model);
  });
  lock();  // before leftovers are removed: they may be another run's work
  comm_.run_together([&] {
    if (comm_.is_root()) io::prepare_model_directory(options_.model);
  });
}

/// Keeps other runs out of the model's directory from now on, if it is there.
void TrainingRun::lock() {
  comm_.run_together([&] {
    std::error_code ignored;
    if (!comm_.is_root() || lock_ || !std::filesystem::is_directory(options_.model, ignored)) return;
    lock_.emplace(options_.model);
  });
}

int TrainingRun::sweep_until_done() {
  checkpoints_.emplace(comm_, options_.model, shard_.user_ids, shard_.item_ids, options_.keep, times_);
  while (!info_.complete) {
    if (any_of(comm_, signals_.token().stop_requested())) return stop();
    double seconds = 0;
    const auto loss = sweep(seconds);
    if (!loss) return stop();
    record_sweep(*loss, seconds);
    const bool is_best = info_.early_stopping.best_sweep == info_.sweep;
    if (!info_.complete && !is_best && !is_due(info_.sweep)) {
      checkpoints_->discard();
      continue;
    }
    end_checkpoint();
    if (info_.complete) publish();
  }
  return 0;
}

/// One sweep. An error in it does not cost the checkpoint of the sweep before, if that is still being written: all
/// ranks throw at the same place. `seconds`: of the sweep without checkpoints.
std::optional<double> TrainingRun::sweep(double& seconds) {
  const bool kept = committed_sweep_ == info_.sweep || checkpoints_->ended();
  double hook_seconds = 0;
  const auto after = [&] {
    const io::Stopwatch watch;
    after_users(info_.sweep + 1);
    hook_seconds = watch.seconds();
  };
  const auto before_restore = [&] {
    if (!checkpoints_->ended()) checkpoints_->discard();
  };
  const io::Stopwatch watch;
  try {
    const auto loss = trainer_->sweep(signals_.token(), !kept, {after, before_restore});
    seconds = watch.seconds() - hook_seconds;
    return loss;
  } catch (const AgreedError&) {
    if (checkpoints_->ended()) publish();
    throw;
  }
}

/// The items are about to be solved anew: those of the last checkpoint must be written by now. The users of this sweep
/// may be written from here on.
void TrainingRun::after_users(int sweep) {
  if (checkpoints_->ended()) publish();
  const bool may_be_best = validation_.has_value();
  if (may_be_best || sweep >= config_.sweeps || is_due(sweep)) begin_checkpoint(sweep);
}

bool TrainingRun::is_due(int sweep) const {
  return sweep % options_.checkpoint_every == 0;
}

void TrainingRun::record_sweep(double loss, double seconds) {
  info_.sweep += 1;
  info_.kernel_level = kernels_.level;
  info_.solver_costs = solver_costs_version;
  info_.user_gramian = trainer_->user_gramian();
  info_.item_gramian = trainer_->item_gramian();
  SweepRecord record{info_.sweep, loss, 0, {}};
  std::string shown;
  if (validation_) {
    const auto scope = times_.measure(Phase::validate);
    const io::Stopwatch watch;
    record.metrics = validation_->measure(comm_, *trainer_, config_, kernels_, threads_);
    update(info_.early_stopping, info_.sweep, record.metrics.at(validation_->metrics().front()));
    seconds += watch.seconds();
    for (const auto& metric : validation_->metrics()) {
      shown += fmt::format("  {} {:.5f}", metric, record.metrics.at(metric));
    }
  }
  record.seconds = broadcast_value(comm_, seconds);  // one clock, so that the ranks' records agree
  info_.history.push_back(record);
  const bool stopped_early = out_of_patience(info_.early_stopping, config_.patience);
  info_.complete = info_.sweep >= config_.sweeps || stopped_early;
  spdlog::info("sweep {:>3}/{}  loss {:<12.8g}  {:.3f} s{}", info_.sweep, config_.sweeps, loss, record.seconds, shown);
  spdlog::debug("rows of rank {} solved by {}", comm_.rank(), to_text(trainer_->solved_rows()));
  if (stopped_early) {
    spdlog::info("stops early: {} has not improved on sweep {} ({:.5f}) for {} sweeps", info_.early_stopping.metric,
                 info_.early_stopping.best_sweep, info_.early_stopping.best_value, config_.patience);
  }
}

/// Starts to write the users of this sweep, which are solved.
void TrainingRun::begin_checkpoint(int sweep) {
  const TrainingData& data = trainer_->data();
  const io::SeenItems seen{data.by_user.offsets, data.by_user.columns, trainer_->items().held_rows(),
                           shard_.first_interaction};
  checkpoints_->begin(
      sweep, config_,
      {shard_.users, shard_.user_ids, trainer_->users().own_rows(), rows_of(data.biases.user, shard_.users)}, seen);
}

/// Goes on with the items of the sweep that is complete.
void TrainingRun::end_checkpoint() {
  checkpoints_->end(info_, {shard_.items, shard_.item_ids, trainer_->items().own_rows(),
                            rows_of(trainer_->data().biases.item, shard_.items)});
}

void TrainingRun::publish() {
  const int sweep = checkpoints_->begun();
  checkpoints_->publish();
  committed_sweep_ = sweep;
  spdlog::info("committed {}/{}", options_.model, io::sweep_name(sweep));
}

/// Told to stop: what is complete is committed.
int TrainingRun::stop() {
  if (info_.sweep != committed_sweep_ && !checkpoints_->ended()) {
    begin_checkpoint(info_.sweep);
    end_checkpoint();
  }
  if (checkpoints_->ended()) publish();
  const char* cause = io::StopSignals::describe(all_reduce_max(comm_, signals_.cause()));  // maybe another rank's
  if (comm_.is_root() && info_.sweep == 0) {
    spdlog::warn("stopped by {} before the first sweep was complete: there is nothing to checkpoint", cause);
  } else if (comm_.is_root()) {
    spdlog::warn("stopped by {} after sweep {} of {}; the same command goes on from there", cause, info_.sweep,
                 config_.sweeps);
  }
  return static_cast<int>(ErrorKind::interrupted);
}

void TrainingRun::report() {
  const auto report = times_.report(comm_);
  comm_.run_together([&] {
    if (!comm_.is_root()) return;
    spdlog::info("where the time went\n{}", report.table);
    if (!options_.report_json.empty()) io::write_report(options_.report_json, report.json);
  });
}

}  // namespace

int run_training(const Communicator& comm, TrainConfig config, const RunOptions& options,
                 const io::StopSignals& signals) {
  return TrainingRun(comm, std::move(config), options, signals).run();
}

}  // namespace alsace::mpi
