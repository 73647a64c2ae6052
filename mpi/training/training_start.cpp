#include "mpi/training/training_start.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include "io/export/npy.hpp"
#include "mpi/comm/collectives.hpp"
#include "mpi/data/redistribute.hpp"
#include "mpi/training/checkpointing.hpp"
#include "mpi/training/prepare_data.hpp"
#include "mpi/training/resume.hpp"
#include "src/als/early_stopping.hpp"
#include "src/als/initial_factors.hpp"
#include "src/als/row_cost.hpp"
#include "src/als/solver_choice.hpp"
#include "src/error.hpp"

namespace alsace::mpi {

TrainingStart::TrainingStart(TrainingContext& context, TrainingState& state)
    : comm_(context.comm),
      options_(context.options),
      context_(context),
      state_(state),
      checkpoint_(checkpoint_to_resume(comm_, options_, state.config)) {
  Precision& precision = state_.config.precision;
  if (precision == Precision::auto_)
    precision = resolve_precision(checkpoint_ ? checkpoint_->info().config.precision : precision);
}

LoadedDataset TrainingStart::load() {
  const auto scope = context_.times.measure(Phase::load);
  LoadedDataset loaded =
      load_input(comm_, options_.inputs, options_.read, options_.duplicates, training_cost(state_.config.factors));
  loaded.shard.timestamps = {};  // 8 bytes an interaction that training does not read
  spdlog::info("{} users, {} items, {} interactions on {} rank(s) with {} thread(s)", loaded.shard.users,
               loaded.shard.items, loaded.shard.interactions, comm_.size(), context_.threads);
  if (!options_.valid.empty()) load_validation(loaded);
  resume_info(loaded.fingerprint);
  return loaded;
}

void TrainingStart::load_validation(const LoadedDataset& loaded) {
  const auto users = DistributedIds::from_sorted(comm_, loaded.shard.user_ids, loaded.users);
  const auto items = DistributedIds::from_sorted(comm_, loaded.shard.item_ids, loaded.items);
  io::ReadOptions read = options_.read;
  read.append_rejects = true;  // behind those of the training data
  state_.validation.emplace(comm_,
                            load_held_out(comm_, options_.valid, read, options_.duplicates, users, items, loaded.users),
                            options_.valid_metrics, fmt::format("{}", fmt::join(options_.valid, " ")));
}

/// Takes up where the checkpoint is, if there is one and it was trained on these data.
void TrainingStart::resume_info(const Fingerprint& data) {
  const Fingerprint valid = state_.validation ? state_.validation->fingerprint() : Fingerprint{};
  if (checkpoint_) {
    check_data(options_.model, checkpoint_->info(), data, valid);
    state_.info = checkpoint_->info();
    state_.committed_sweep = state_.info.sweep;
    state_.info.complete = state_.info.sweep >= state_.config.sweeps ||
                           out_of_patience(state_.info.early_stopping, state_.config.patience);
    if (comm_.is_root() && !state_.info.complete && state_.info.kernel_level != context_.kernels.level) {
      spdlog::warn("{} was trained at kernel level {}, this run goes on at {}: the bits will differ", options_.model,
                   state_.info.kernel_level, context_.kernels.level);
    }
    if (comm_.is_root() && !state_.info.complete && state_.info.solver_costs != solver_costs_version) {
      spdlog::warn("{} chose solvers by version {} of their costs, this program by {}: the bits may differ",
                   options_.model, state_.info.solver_costs, solver_costs_version);
    }
  }
  state_.info.config = state_.config;
  state_.info.data = data;
  state_.info.valid = valid;
  state_.info.valid_metrics = fmt::format("{}", fmt::join(options_.valid_metrics, ","));
  if (state_.validation) state_.info.early_stopping.metric = state_.validation->metrics().front();
}

void TrainingStart::make_trainer(LoadedDataset loaded) {
  prepare(std::move(loaded));
  start_factors();
}

void TrainingStart::prepare(LoadedDataset loaded) {
  TrainingData data = [&] {
    const auto scope = context_.times.measure(Phase::prepare);
    return prepare_data(comm_, state_.config, loaded);
  }();
  comm_.run_together([&] {
    const std::uint64_t most = std::min(data.users.rows(), data.items.rows());
    if (static_cast<std::uint64_t>(state_.config.factors) > most) {
      throw usage_error(
          fmt::format("--factors = {}, expected 1 to {}, the smaller of users and items", state_.config.factors, most));
    }
  });
  state_.shard.users = data.users.range(comm_.rank());
  state_.shard.items = data.items.range(comm_.rank());
  state_.shard.user_ids = std::move(loaded.shard.user_ids);
  state_.shard.item_ids = redistribute_ids(comm_, loaded.shard.item_ids, loaded.items, data.items);
  state_.shard.first_interaction = exclusive_sum(comm_, static_cast<std::uint64_t>(data.by_user.nonzeros()));
  state_.info.users = data.users.rows();
  state_.info.items = data.items.rows();
  state_.info.interactions = data.interactions;
  state_.info.mean = data.biases.mean;
  state_.trainer.emplace(comm_, state_.config, context_.kernels, std::move(data), context_.threads, context_.times,
                         options_.exchange);
}

void TrainingStart::start_factors() {
  if (checkpoint_) return resume_factors();
  state_.trainer->start([&](RowRange range, float* rows) {
    if (options_.init_items.empty()) {
      initialize_items(state_.config, range, rows);
      return;
    }
    comm_.run_together([&] {
      const io::NpyReader file(options_.init_items);
      if (file.rows() != state_.info.items || file.columns() != static_cast<std::uint64_t>(state_.config.factors)) {
        throw input_error(fmt::format("{}: shape = {} x {}, expected {} x {} (items x factors)", options_.init_items,
                                      file.rows(), file.columns(), state_.info.items, state_.config.factors));
      }
      Eigen::Map<FactorMatrix>(rows, static_cast<Eigen::Index>(range.size()), state_.config.factors) =
          file.read(range).cast<float>();
    });
  });
}

/// A sweep starts from the item factors alone, unless its solvers start from the users' last rows.
void TrainingStart::resume_factors() {
  const bool warm = may_start_warm(state_.config);
  const io::ModelReader::Parts factors{
      .user_ids = false, .user_factors = warm, .seen = false, .item_ids = false, .item_factors = true};
  ModelShard stored;
  comm_.run_together([&] { checkpoint_->verify_files(comm_.rank(), comm_.size()); });
  comm_.run_together([&] {
    stored = checkpoint_->read(warm ? state_.shard.users : RowRange{0, 0}, state_.shard.items, factors);
  });
  const auto copy = [](const FactorMatrix& from) {
    return [&from](RowRange, float* rows) { std::copy_n(from.data(), from.size(), rows); };
  };
  state_.trainer->start(copy(stored.item_factors));
  if (warm) state_.trainer->start_users(copy(stored.user_factors));
  if (checkpoint_->info().complete) reopen();
  spdlog::info("goes on after sweep {} of {}", state_.info.sweep, options_.model);
}

/// A complete model is to get more sweeps: its checkpoint must not say complete any longer, or a script that asks it
/// after an interruption would take it for done.
void TrainingStart::reopen() {
  ModelShard stored;
  comm_.run_together([&] {
    checkpoint_->read_gramians();
    stored = checkpoint_->read(state_.shard.users, state_.shard.items);
  });
  stored.first_interaction = state_.shard.first_interaction;
  state_.info.user_gramian = checkpoint_->info().user_gramian;
  state_.info.item_gramian = checkpoint_->info().item_gramian;
  commit_checkpoint(comm_, options_.model, state_.info, stored, options_.keep, context_.times);
}

}  // namespace alsace::mpi
