#include "mpi/training/trainer.hpp"

#include <algorithm>
#include <utility>

#include "mpi/comm/collectives.hpp"
#include "mpi/training/distributed_sum.hpp"
#include "src/als/gramian.hpp"
#include "src/als/half_sweep.hpp"
#include "src/als/loss.hpp"

namespace alsace::mpi {

Trainer::Trainer(const Communicator& comm, const TrainConfig& config, const KernelTable& kernels, TrainingData data,
                 int threads, PhaseTimes& times)
    : comm_(comm),
      config_(config),
      kernels_(kernels),
      data_(std::move(data)),
      threads_(threads),
      times_(times),
      users_(comm, data_.users, config.factors),
      items_(comm, data_.items, config.factors),
      user_gramian_(GramMatrix::Zero(config.factors, config.factors)) {}

std::optional<double> Trainer::sweep(const std::stop_token& stop, bool keep_previous) {
  Previous previous;
  if (keep_previous) previous = {users_.own_rows(), items_.own_rows(), user_gramian_, item_gramian_};

  if (!solve(data_.by_user, items_, item_gramian_, users_, "user row", stop)) {
    if (keep_previous) restore(previous);
    return std::nullopt;
  }
  finish_users();
  if (!solve(data_.by_item, users_, user_gramian_, items_, "item row", stop)) {
    if (keep_previous) restore(previous);
    return std::nullopt;
  }
  finish_items();
  return loss();
}

/// Collective: true when every rank solved all of its rows.
bool Trainer::solve(const SparseRows& rows, const ReplicatedFactors& fixed, const GramMatrix& gramian,
                    ReplicatedFactors& solved, const char* row_name, const std::stop_token& stop) {
  bool finished = false;
  double solving = 0;
  const io::Stopwatch watch;
  comm_.run_together([&] {
    const io::Stopwatch own;
    finished =
        half_sweep({config_, kernels_, rows, fixed.all(), gramian, threads_, row_name}, solved.own(), stop).finished;
    solving = own.seconds();
  });
  finished = all_of(comm_, finished);
  times_.add_seconds(Phase::solve, solving);
  times_.add_seconds(Phase::wait, watch.seconds() - solving);
  return finished;
}

void Trainer::finish_users() {
  user_gramian_ = gramian_of(users_, "the Gramian of the user factors");
}

void Trainer::finish_items() {
  item_gramian_ = gramian_of(items_, "the Gramian of the item factors");
}

GramMatrix Trainer::gramian_of(ReplicatedFactors& side, const char* what) {
  {
    const auto scope = times_.measure(Phase::exchange);
    const std::uint64_t bytes = side.complete();
    times_.add_bytes(Phase::exchange, bytes, bytes);
  }
  const auto scope = times_.measure(Phase::gramian);
  const RowRange blocks = whole_blocks(side.map(), comm_.rank());
  const float* rows = side.all().data() + static_cast<Eigen::Index>(blocks.begin) * side.all().cols();
  RankReducer reducer(comm_);
  GramMatrix sum;
  comm_.run_together(
      [&] { sum = gramian(rows, blocks.size(), config_.factors, side.map().rows(), threads_, reducer, what); });
  return sum;
}

double Trainer::loss() {
  const auto scope = times_.measure(Phase::loss);
  const auto user_terms = row_losses(config_, data_.by_user, users_.own(), items_.all(), threads_);
  const auto item_terms =
      row_penalties(config_, data_.by_item, items_.own(), config_.factors, data_.users.rows(), threads_);
  return distributed_sum(comm_, data_.users, user_terms, "the loss") +
         distributed_sum(comm_, data_.items, item_terms, "the loss") +
         unobserved_loss(config_, user_gramian_, item_gramian_);
}

void Trainer::restore(const Previous& previous) {
  std::copy_n(previous.users.data(), previous.users.size(), users_.own());
  std::copy_n(previous.items.data(), previous.items.size(), items_.own());
  user_gramian_ = previous.user_gramian;
  item_gramian_ = previous.item_gramian;
  users_.complete();
  items_.complete();
}

}  // namespace alsace::mpi
