#include "mpi/training/training_run.hpp"

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include "io/export/npy.hpp"
#include "io/store/dataset_store.hpp"
#include "io/store/model_store.hpp"
#include "mpi/comm/collectives.hpp"
#include "mpi/comm/threads.hpp"
#include "mpi/data/load_input.hpp"
#include "mpi/data/redistribute.hpp"
#include "mpi/evaluation/evaluate_model.hpp"
#include "mpi/training/checkpointing.hpp"
#include "mpi/training/prepare_data.hpp"
#include "mpi/training/resume.hpp"
#include "mpi/training/trainer.hpp"
#include "src/als/early_stopping.hpp"
#include "src/als/initial_factors.hpp"
#include "src/error.hpp"

namespace alsace::mpi {
namespace {

class TrainingRun {
 public:
  TrainingRun(const Communicator& comm, TrainConfig config, const RunOptions& options, const io::StopSignals& signals)
      : comm_(comm), config_(std::move(config)), options_(options), signals_(signals) {}

  int run() {
    kernels_ = &kernel_table(options_.kernel_level);
    threads_ = choose_threads(comm_, options_.threads);
    metrics_ = options_.valid_metrics;
    if (metrics_.empty() && !options_.valid.empty()) {
      metrics_ = {config_.objective == Objective::explicit_ ? "rmse" : "ndcg@100"};
    }
    for (const std::string& metric : metrics_) {
      if (metric != "rmse" && metric != "mae")
        (void)parse_metric(metric);  // a wrong name is told before the first sweep
    }
    find_checkpoint();
    load();
    if (info_.complete && info_.sweep > 0) {
      comm_.run_together([&] {
        if (comm_.is_root()) io::remove_leftovers(options_.model);  // nothing more is committed, which would do it
      });
      spdlog::info("{} is already complete: {} of {} sweeps{}", options_.model, info_.sweep, config_.sweeps,
                   info_.sweep < config_.sweeps ? ", stopped early" : "");
      return 0;
    }
    start_factors();
    const int code = sweep_until_done();
    report();
    return code;
  }

 private:
  void find_checkpoint();
  void load();
  void load_validation(const DistributedIds& users, const DistributedIds& items);
  void start_factors();
  int sweep_until_done();
  void record_sweep(double loss, double seconds);
  void commit();
  int stop();
  void report();
  Metrics validate();

  const Communicator& comm_;
  TrainConfig config_;
  const RunOptions& options_;
  const io::StopSignals& signals_;

  const KernelTable* kernels_ = nullptr;
  int threads_ = 1;
  std::vector<std::string> metrics_;
  PhaseTimes times_;
  std::optional<io::ModelReader> checkpoint_;  // to go on from
  ModelInfo info_;                             // of the last complete sweep
  int committed_sweep_ = 0;
  ModelShard shard_;  // ids and seen lists; factors are filled in when a checkpoint is written
  std::optional<Trainer> trainer_;
  std::optional<HeldOut> held_out_;
};

/// Decides between a fresh start and going on, before any data are read.
void TrainingRun::find_checkpoint() {
  comm_.run_together([&] {
    std::error_code ignored;
    const bool is_store = io::is_dataset(options_.model);  // or one checkpoint of a model: both have a manifest
    if (is_store ||
        (std::filesystem::exists(options_.model, ignored) && !std::filesystem::is_directory(options_.model, ignored))) {
      throw usage_error(fmt::format("{}: is {}, expected the directory of a model or a name that is free",
                                    options_.model, is_store ? "a data set or one checkpoint" : "a file"));
    }
    const bool exists = io::has_checkpoint(options_.model);
    if (!exists) {
      if (options_.resume == Resume::must) {
        throw usage_error(fmt::format("--resume = must, but {} holds no checkpoint", options_.model));
      }
      return;
    }
    if (options_.resume == Resume::never) {
      if (!options_.overwrite) {
        throw usage_error(
            fmt::format("{} holds a model; --resume never needs --overwrite to replace it", options_.model));
      }
      return;
    }
    checkpoint_.emplace(io::resolve_model(options_.model, "latest"));
    const auto conflicts = resume_conflicts(checkpoint_->info(), config_, metrics_);
    if (!conflicts.empty()) {
      throw usage_error(fmt::format("{} was trained otherwise (--resume never --overwrite starts anew):\n  {}",
                                    options_.model, fmt::join(conflicts, "\n  ")));
    }
  });
}

void TrainingRun::load() {
  std::optional<LoadedDataset> loaded;
  {
    const auto scope = times_.measure(Phase::load);
    loaded = load_input(comm_, options_.inputs, options_.read, options_.duplicates, training_cost(config_.factors));
    spdlog::info("{} users, {} items, {} interactions on {} rank(s) with {} thread(s)", loaded->shard.users,
                 loaded->shard.items, loaded->shard.interactions, comm_.size(), threads_);
    shard_.user_ids = std::move(loaded->shard.user_ids);
    shard_.item_ids = std::move(loaded->shard.item_ids);
    if (!options_.valid.empty()) {
      load_validation(DistributedIds::from_sorted(comm_, shard_.user_ids, loaded->users),
                      DistributedIds::from_sorted(comm_, shard_.item_ids, loaded->items));
    }
  }
  const Fingerprint valid = held_out_ ? held_out_->fingerprint : Fingerprint{};
  if (checkpoint_) {
    info_ = checkpoint_->info();
    comm_.run_together([&] {
      const auto conflicts = data_conflicts(info_, loaded->fingerprint, valid);
      if (conflicts.empty()) return;
      throw usage_error(fmt::format("{} was trained on other data (--resume never --overwrite starts anew):\n  {}",
                                    options_.model, fmt::join(conflicts, "\n  ")));
    });
    info_.complete = info_.sweep >= config_.sweeps || out_of_patience(info_.early_stopping, config_.patience);
    committed_sweep_ = info_.sweep;
    if (info_.complete) return;
    if (info_.kernel_level != kernels_->level) {
      spdlog::warn("{} was trained at kernel level {}, this run goes on at {}: the bits will differ", options_.model,
                   info_.kernel_level, kernels_->level);
    }
  }

  const ShardMap id_map = loaded->items;
  TrainingData data = [&] {
    const auto scope = times_.measure(Phase::biases);
    return prepare_data(comm_, config_, *loaded);
  }();
  shard_.users = data.users.range(comm_.rank());
  shard_.items = data.items.range(comm_.rank());
  shard_.item_ids = redistribute_ids(comm_, shard_.item_ids, id_map, data.items);
  shard_.seen_offsets = data.by_user.offsets;
  shard_.seen_items = data.by_user.columns;
  shard_.first_interaction = exclusive_sum(comm_, static_cast<std::uint64_t>(shard_.seen_items.size()));

  info_.config = config_;
  info_.kernel_level = kernels_->level;
  info_.users = data.users.rows();
  info_.items = data.items.rows();
  info_.interactions = data.interactions;
  info_.data = loaded->fingerprint;
  info_.valid = valid;
  info_.mean = data.biases.mean;
  if (!metrics_.empty()) info_.early_stopping.metric = metrics_.front();
  trainer_.emplace(comm_, config_, *kernels_, std::move(data), threads_, times_);
}

void TrainingRun::load_validation(const DistributedIds& users, const DistributedIds& items) {
  held_out_ = load_held_out(comm_, options_.valid, options_.read, options_.duplicates, users, items, users.map());
  if (held_out_->interactions == 0) {
    throw AgreedError(input_error(
        fmt::format("{}: no interaction of a user that the training data know", fmt::join(options_.valid, " "))));
  }
  if (held_out_->unknown_users > 0) {
    spdlog::info("validation: {} users are not in the training data and are left out", held_out_->unknown_users);
  }
}

void TrainingRun::start_factors() {
  if (checkpoint_) {
    comm_.run_together([&] { checkpoint_->verify_files(comm_.rank(), comm_.size()); });
    comm_.run_together([&] {
      const RowRange items = trainer_->items().own_range();
      const io::ModelReader::Parts factors_only{
          .user_ids = false, .user_factors = false, .seen = false, .item_ids = false, .item_factors = true};
      shard_.item_factors = checkpoint_->read({0, 0}, items, factors_only).item_factors;
    });
    trainer_->start(
        [&](RowRange, float* rows) { std::copy_n(shard_.item_factors.data(), shard_.item_factors.size(), rows); });
    spdlog::info("goes on after sweep {} of {}", info_.sweep, options_.model);
    return;
  }
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

int TrainingRun::sweep_until_done() {
  while (!info_.complete) {
    if (any_of(comm_, signals_.token().stop_requested())) return stop();
    const io::Stopwatch watch;
    const auto loss = trainer_->sweep(signals_.token(), committed_sweep_ != info_.sweep);
    if (!loss) return stop();
    record_sweep(*loss, watch.seconds());
    const bool is_best = info_.early_stopping.best_sweep == info_.sweep;
    if (info_.complete || is_best || info_.sweep % options_.checkpoint_every == 0) commit();
  }
  return 0;
}

void TrainingRun::record_sweep(double loss, double seconds) {
  info_.sweep += 1;
  info_.kernel_level = kernels_->level;
  info_.user_gramian = trainer_->user_gramian();
  info_.item_gramian = trainer_->item_gramian();
  SweepRecord record{info_.sweep, loss, 0, {}};
  std::string shown;
  if (held_out_) {
    const io::Stopwatch watch;
    record.metrics = validate();
    update(info_.early_stopping, info_.sweep, record.metrics.at(metrics_.front()));
    seconds += watch.seconds();
    for (const std::string& metric : metrics_) shown += fmt::format("  {} {:.5f}", metric, record.metrics.at(metric));
  }
  // One clock for all ranks, so that every rank's checkpoint agrees.
  record.seconds = broadcast_value(comm_, seconds);
  info_.history.push_back(record);
  const bool stopped_early = out_of_patience(info_.early_stopping, config_.patience);
  info_.complete = info_.sweep >= config_.sweeps || stopped_early;
  spdlog::info("sweep {:>3}/{}  loss {:.8g}  {:.3f} s{}", info_.sweep, config_.sweeps, loss, record.seconds, shown);
  if (stopped_early) {
    spdlog::info("stops early: {} has not improved on sweep {} ({:.5f}) for {} sweeps", metrics_.front(),
                 info_.early_stopping.best_sweep, info_.early_stopping.best_value, config_.patience);
  }
}

Metrics TrainingRun::validate() {
  const auto scope = times_.measure(Phase::validate);
  const TrainingData& data = trainer_->data();
  const RowRange own = data.users.range(comm_.rank());
  UsersView users;
  users.count = static_cast<std::size_t>(own.size());
  users.factors = config_.factors;
  users.rows = trainer_->users().own();
  users.mean = data.biases.mean;
  users.has_biases = config_.objective == Objective::explicit_;
  if (!data.biases.user.empty()) users.biases = std::span(data.biases.user).subspan(own.begin, own.size());
  users.seen_offsets = shard_.seen_offsets;
  users.seen_items = shard_.seen_items;

  Metrics found;
  std::vector<RankingMetric> ranking;
  for (const std::string& metric : metrics_) {
    if (metric != "rmse" && metric != "mae") ranking.push_back(parse_metric(metric));
  }
  const auto& items = trainer_->items().all();
  if (!ranking.empty()) {
    found =
        evaluate_ranking(comm_, data.users, users, items, data.biases.item, *held_out_, ranking, *kernels_, threads_);
  }
  if (ranking.size() < metrics_.size()) {
    found.merge(evaluate_ratings(comm_, data.users, users, items, data.biases.item, *held_out_, *kernels_, threads_));
  }
  return found;
}

void TrainingRun::commit() {
  const auto scope = times_.measure(Phase::checkpoint);
  const TrainingData& data = trainer_->data();
  shard_.user_factors = trainer_->users().own_rows();
  shard_.item_factors = trainer_->items().own_rows();
  const auto own_biases = [](const std::vector<double>& all, RowRange range) {
    if (all.empty()) return std::vector<double>();
    return std::vector<double>(all.begin() + static_cast<std::ptrdiff_t>(range.begin),
                               all.begin() + static_cast<std::ptrdiff_t>(range.end));
  };
  shard_.user_biases = own_biases(data.biases.user, shard_.users);
  shard_.item_biases = own_biases(data.biases.item, shard_.items);
  commit_checkpoint(comm_, options_.model, info_, shard_, options_.keep);
  committed_sweep_ = info_.sweep;
  spdlog::info("committed {}/{}", options_.model, io::sweep_name(info_.sweep));
}

/// Told to stop: what is complete is committed.
int TrainingRun::stop() {
  if (info_.sweep != committed_sweep_) commit();
  if (info_.sweep == 0) {
    spdlog::warn("stopped by {} before the first sweep was complete: there is nothing to checkpoint",
                 signals_.reason());
  } else {
    spdlog::warn("stopped by {} after sweep {} of {}; the same command goes on from there", signals_.reason(),
                 info_.sweep, config_.sweeps);
  }
  return static_cast<int>(ErrorKind::interrupted);
}

void TrainingRun::report() {
  const auto report = times_.report(comm_);
  if (comm_.is_root()) fmt::print(stderr, "\n{}", report.table);
  if (options_.report_json.empty()) return;
  comm_.run_together([&] {
    if (!comm_.is_root()) return;
    std::ofstream file(options_.report_json);
    file << report.json;
    if (!file.flush()) throw storage_error(fmt::format("{}: cannot be written", options_.report_json));
  });
}

}  // namespace

int run_training(const Communicator& comm, TrainConfig config, const RunOptions& options,
                 const io::StopSignals& signals) {
  return TrainingRun(comm, std::move(config), options, signals).run();
}

}  // namespace alsace::mpi
