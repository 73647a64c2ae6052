#include "mpi/training/trainer.hpp"

#include <algorithm>
#include <exception>
#include <span>
#include <utility>

#include "mpi/comm/collectives.hpp"
#include "mpi/training/distributed_sum.hpp"
#include "src/als/gramian.hpp"
#include "src/als/half_sweep.hpp"
#include "src/als/loss.hpp"
#include "src/als/shared_basis.hpp"

namespace alsace::mpi {

Trainer::Trainer(const Communicator& comm, const TrainConfig& config, const KernelTable& kernels, TrainingData data,
                 int threads, PhaseTimes& times, const ExchangeOptions& exchange)
    : comm_(comm),
      config_(config),
      kernels_(kernels),
      data_(std::move(data)),
      threads_(threads),
      times_(times),
      overlap_(exchange.overlap),
      sides_(make_sides(comm, config, data_, threads, exchange)),
      user_gramian_(GramMatrix::Zero(config.factors, config.factors)) {}

std::optional<double> Trainer::sweep(const std::stop_token& stop, bool keep_previous, const SweepHooks& hooks) {
  SideFactors& users = *sides_.users;
  SideFactors& items = *sides_.items;
  Previous previous;
  solved_rows_ = {};
  if (keep_previous) previous = {users.own_rows(), items.own_rows(), user_gramian_, item_gramian_};

  const auto stopped = [&]() -> std::optional<double> {
    if (hooks.before_restore) hooks.before_restore();
    if (keep_previous) restore(previous);
    return std::nullopt;
  };
  if (!solve(data_.by_user, items, item_gramian_, users, "user row", stop)) return stopped();
  user_gramian_ = gramian_of(users, "the Gramian of the user factors");
  if (hooks.after_users) hooks.after_users();
  if (!solve(data_.by_item, users, user_gramian_, items, "item row", stop)) return stopped();
  item_gramian_ = gramian_of(items, "the Gramian of the item factors");
  return loss();
}

/// Solves this rank's rows while solved ones travel. Collective: true when every rank solved all of its rows. A stop or
/// an error on any rank does not keep the messages from being sent and received: whatever they hold is of no use then.
bool Trainer::solve(const SparseRows& rows, const SideFactors& fixed, const GramMatrix& gramian, SideFactors& solved,
                    const char* row_name, const std::stop_token& stop) {
  HalfSweep job{config_, kernels_, rows, fixed.held(), gramian, threads_, row_name};
  job.other_side = fixed.map().rows();
  job.fixed_bf16 = fixed.held_bf16();
  if (overlap_) job.progress = [&solved](std::size_t rows_solved) { solved.solved(rows_solved); };

  const std::optional<SharedBasis> basis = basis_of(gramian);
  if (basis) job.basis = &*basis;

  solved.start();
  bool finished = false;
  std::exception_ptr failure;
  {
    const auto scope = times_.measure(Phase::solve);
    try {
      const HalfSweepResult result = half_sweep(job, solved.own(), stop);
      finished = result.finished;
      solved_rows_ += result.solved;
    } catch (...) {
      failure = std::current_exception();
    }
  }
  if (overlap_) start_rest(solved);
  {
    const auto scope = times_.measure(Phase::wait);
    finished = all_of(comm_, finished);
  }
  if (!overlap_) start_rest(solved);
  finish(solved);
  comm_.run_together([&] {
    if (failure) std::rethrow_exception(failure);
  });
  return finished;
}

/// The basis that dual and cg rows are solved in; one rank computes it, so that all have the same bits. Collective:
/// 8·K² bytes.
std::optional<SharedBasis> Trainer::basis_of(const GramMatrix& gramian) {
  if (!reads_basis(config_)) return std::nullopt;
  const auto scope = times_.measure(Phase::gramian);
  SharedBasis basis{GramMatrix(gramian.rows(), gramian.cols()), Eigen::VectorXd(gramian.rows())};
  comm_.run_together([&] {
    if (comm_.is_root()) basis = shared_basis(gramian);
  });
  broadcast(comm_, std::span(basis.vectors.data(), static_cast<std::size_t>(basis.vectors.size())));
  broadcast(comm_, std::span(basis.values.data(), static_cast<std::size_t>(basis.values.size())));
  return basis;
}

void Trainer::exchange(SideFactors& side) {
  side.start();
  start_rest(side);
  finish(side);
}

void Trainer::start_rest(SideFactors& side) {
  const auto scope = times_.measure(Phase::exchange);
  side.start_rest();
}

void Trainer::finish(SideFactors& side) {
  const auto scope = times_.measure(Phase::exchange);
  const ExchangedBytes bytes = side.finish();
  times_.add_bytes(Phase::exchange, bytes.received, bytes.from_other_hosts, bytes.least);
}

GramMatrix Trainer::gramian_of(const SideFactors& side, const char* what) {
  const auto scope = times_.measure(Phase::gramian);
  const RowRange blocks = whole_blocks(side.map(), comm_.rank());
  RankReducer reducer(comm_);
  GramMatrix sum;
  comm_.run_together([&] {
    sum = gramian(kernels_, side.rows_of(blocks), blocks.size(), config_.factors, side.map().rows(), threads_, reducer,
                  what);
  });
  return sum;
}

double Trainer::loss() {
  const auto scope = times_.measure(Phase::loss);
  const SideFactors& users = *sides_.users;
  const SideFactors& items = *sides_.items;
  const auto user_terms =
      row_losses(config_, kernels_, data_.by_user, users.own(), items.held(), threads_, data_.items.rows());
  const auto item_terms =
      row_penalties(config_, data_.by_item, items.own(), config_.factors, data_.users.rows(), threads_);
  return distributed_sum(comm_, data_.users, user_terms, "the loss") +
         distributed_sum(comm_, data_.items, item_terms, "the loss") +
         unobserved_loss(config_, user_gramian_, item_gramian_);
}

void Trainer::restore(const Previous& previous) {
  std::copy_n(previous.users.data(), previous.users.size(), sides_.users->own());
  std::copy_n(previous.items.data(), previous.items.size(), sides_.items->own());
  user_gramian_ = previous.user_gramian;
  item_gramian_ = previous.item_gramian;
  exchange(*sides_.users);
  exchange(*sides_.items);
}

std::vector<std::uint32_t> Trainer::seen_items() const {
  std::vector<std::uint32_t> items = data_.by_user.columns;
  if (sides_.items->holds_all()) return items;
  for (std::uint32_t& item : items) item = sides_.items->global_row(item);
  return items;
}

}  // namespace alsace::mpi
