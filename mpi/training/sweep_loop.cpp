#include "mpi/training/sweep_loop.hpp"

#include <span>
#include <string>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "io/clock.hpp"
#include "io/store/model_store.hpp"
#include "mpi/comm/collectives.hpp"
#include "src/als/early_stopping.hpp"
#include "src/als/solver_choice.hpp"
#include "src/error.hpp"

namespace alsace::mpi {
namespace {

/// The part of `all` that belongs to these rows; nothing of nothing.
std::span<const double> rows_of(const std::vector<double>& all, RowRange rows) {
  if (all.empty()) return {};
  return std::span(all).subspan(static_cast<std::size_t>(rows.begin), static_cast<std::size_t>(rows.size()));
}

}  // namespace

SweepLoop::SweepLoop(TrainingContext& context, TrainingState& state, const io::StopSignals& signals)
    : comm_(context.comm),
      options_(context.options),
      context_(context),
      state_(state),
      signals_(signals),
      checkpoints_(comm_, options_.model, state.shard.user_ids, state.shard.item_ids, options_.keep, context.times) {}

int SweepLoop::run() {
  while (!state_.info.complete) {
    if (any_of(comm_, signals_.token().stop_requested())) return stop();
    double seconds = 0;
    const auto loss = sweep(seconds);
    if (!loss) return stop();
    record_sweep(*loss, seconds);
    const bool is_best = state_.info.early_stopping.best_sweep == state_.info.sweep;
    if (!state_.info.complete && !is_best && !is_due(state_.info.sweep)) {
      checkpoints_.discard();
      continue;
    }
    end_checkpoint();
    if (state_.info.complete) publish();
  }
  return 0;
}

/// One sweep. An error in it does not cost the checkpoint of the sweep before, if that is still being written: all
/// ranks throw at the same place. `seconds`: of the sweep without checkpoints.
std::optional<double> SweepLoop::sweep(double& seconds) {
  const bool kept = state_.committed_sweep == state_.info.sweep || checkpoints_.ended();
  double hook_seconds = 0;
  const auto after = [&] {
    const io::Stopwatch watch;
    after_users(state_.info.sweep + 1);
    hook_seconds = watch.seconds();
  };
  const auto before_restore = [&] {
    if (!checkpoints_.ended()) checkpoints_.discard();
  };
  const io::Stopwatch watch;
  try {
    const auto loss = state_.trainer->sweep(signals_.token(), !kept, {after, before_restore});
    seconds = watch.seconds() - hook_seconds;
    return loss;
  } catch (const AgreedError&) {
    if (checkpoints_.ended()) publish();
    throw;
  }
}

/// The items are about to be solved anew: those of the last checkpoint must be written by now. The users of this sweep
/// may be written from here on.
void SweepLoop::after_users(int sweep) {
  if (checkpoints_.ended()) publish();
  const bool may_be_best = state_.validation.has_value();
  if (may_be_best || sweep >= state_.config.sweeps || is_due(sweep)) begin_checkpoint(sweep);
}

bool SweepLoop::is_due(int sweep) const {
  return sweep % options_.checkpoint_every == 0;
}

void SweepLoop::record_sweep(double loss, double seconds) {
  state_.info.sweep += 1;
  state_.info.kernel_level = context_.kernels.level;
  state_.info.solver_costs = solver_costs_version;
  state_.info.user_gramian = state_.trainer->user_gramian();
  state_.info.item_gramian = state_.trainer->item_gramian();
  SweepRecord record{state_.info.sweep, loss, 0, {}};
  std::string shown;
  if (state_.validation) {
    const auto scope = context_.times.measure(Phase::validate);
    const io::Stopwatch watch;
    record.metrics =
        state_.validation->measure(comm_, *state_.trainer, state_.config, context_.kernels, context_.threads);
    update(state_.info.early_stopping, state_.info.sweep, record.metrics.at(state_.validation->metrics().front()));
    seconds += watch.seconds();
    for (const auto& metric : state_.validation->metrics()) {
      shown += fmt::format("  {} {:.5f}", metric, record.metrics.at(metric));
    }
  }
  record.seconds = broadcast_value(comm_, seconds);  // one clock, so that the ranks' records agree
  state_.info.history.push_back(record);
  const bool stopped_early = out_of_patience(state_.info.early_stopping, state_.config.patience);
  state_.info.complete = state_.info.sweep >= state_.config.sweeps || stopped_early;
  spdlog::info("sweep {:>3}/{}  loss {:<12.8g}  {:.3f} s{}", state_.info.sweep, state_.config.sweeps, loss,
               record.seconds, shown);
  spdlog::debug("rows of rank {} solved by {}", comm_.rank(), to_text(state_.trainer->solved_rows()));
  if (stopped_early) {
    spdlog::info("stops early: {} has not improved on sweep {} ({:.5f}) for {} sweeps",
                 state_.info.early_stopping.metric, state_.info.early_stopping.best_sweep,
                 state_.info.early_stopping.best_value, state_.config.patience);
  }
}

/// Starts to write the users of this sweep, which are solved.
void SweepLoop::begin_checkpoint(int sweep) {
  const TrainingData& data = state_.trainer->data();
  const io::SeenItems seen{data.by_user.offsets, data.by_user.columns, state_.trainer->items().held_rows(),
                           state_.shard.first_interaction};
  checkpoints_.begin(sweep, state_.config,
                     {state_.shard.users, state_.shard.user_ids, state_.trainer->users().own_rows(),
                      rows_of(data.biases.user, state_.shard.users)},
                     seen);
}

/// Goes on with the items of the sweep that is complete.
void SweepLoop::end_checkpoint() {
  checkpoints_.end(state_.info, {state_.shard.items, state_.shard.item_ids, state_.trainer->items().own_rows(),
                                 rows_of(state_.trainer->data().biases.item, state_.shard.items)});
}

void SweepLoop::publish() {
  const int sweep = checkpoints_.begun();
  checkpoints_.publish();
  state_.committed_sweep = sweep;
  spdlog::info("committed {}/{}", options_.model, io::sweep_name(sweep));
}

/// Told to stop: what is complete is committed.
int SweepLoop::stop() {
  if (state_.info.sweep != state_.committed_sweep && !checkpoints_.ended()) {
    begin_checkpoint(state_.info.sweep);
    end_checkpoint();
  }
  if (checkpoints_.ended()) publish();
  const char* cause = io::StopSignals::describe(all_reduce_max(comm_, signals_.cause()));  // maybe another rank's
  if (comm_.is_root() && state_.info.sweep == 0) {
    spdlog::warn("stopped by {} before the first sweep was complete: there is nothing to checkpoint", cause);
  } else if (comm_.is_root()) {
    spdlog::warn("stopped by {} after sweep {} of {}; the same command goes on from there", cause, state_.info.sweep,
                 state_.config.sweeps);
  }
  return static_cast<int>(ErrorKind::interrupted);
}

}  // namespace alsace::mpi
