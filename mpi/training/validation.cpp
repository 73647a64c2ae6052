#include "mpi/training/validation.hpp"

#include <span>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "mpi/comm/collectives.hpp"
#include "src/error.hpp"

namespace alsace::mpi {
namespace {

bool is_rating_metric(const std::string& metric) {
  return metric == "rmse" || metric == "mae";
}

/// The users of this rank as the trainer has them now, who have seen `seen_items`.
UsersView users_of(const Communicator& comm, const Trainer& trainer, const TrainConfig& config,
                   const std::vector<std::uint32_t>& seen_items) {
  const TrainingData& data = trainer.data();
  const RowRange own = data.users.range(comm.rank());
  UsersView users;
  users.count = static_cast<std::size_t>(own.size());
  users.factors = config.factors;
  users.rows = trainer.users().own();
  users.mean = data.biases.mean;
  users.has_biases = config.objective == Objective::explicit_;
  if (!data.biases.user.empty()) users.biases = std::span(data.biases.user).subspan(own.begin, own.size());
  users.seen_offsets = data.by_user.offsets;
  users.seen_items = seen_items;
  return users;
}

}  // namespace

Validation::Validation(const Communicator& comm, HeldOut held_out, std::vector<std::string> metrics,
                       const std::string& source)
    : held_out_(std::move(held_out)), metrics_(std::move(metrics)) {
  for (const std::string& metric : metrics_) {
    if (!is_rating_metric(metric)) ranking_.push_back(parse_metric(metric));
  }
  const bool ratings = ranking_.size() < metrics_.size();
  const auto pairs = all_reduce_sum(comm, static_cast<std::uint64_t>(held_out_.by_user.nonzeros()));
  if (held_out_.interactions == 0 || (ratings && pairs == 0)) {
    throw AgreedError(input_error(fmt::format(
        "{}: interactions of a user and an item that the training data know = 0, expected at least 1", source)));
  }
  if (held_out_.unknown_users > 0) {
    spdlog::info("validation: {} users are not in the training data and are left out", held_out_.unknown_users);
  }
}

Metrics Validation::measure(const Communicator& comm, const Trainer& trainer, const TrainConfig& config,
                            const KernelTable& kernels, int threads) const {
  const TrainingData& data = trainer.data();
  const SideFactors& all_items = trainer.items();
  const bool holds_all = all_items.holds_all();
  const std::vector<std::uint32_t> seen_items = holds_all ? std::vector<std::uint32_t>() : trainer.seen_items();
  const FactorMatrix gathered = holds_all ? FactorMatrix() : all_items.gather();
  const FactorView items = holds_all ? all_items.all() : FactorView(gathered);
  const UsersView users = users_of(comm, trainer, config, holds_all ? data.by_user.columns : seen_items);
  Metrics found;
  if (!ranking_.empty()) {
    found = evaluate_ranking(comm, data.users, users, items, data.biases.item, held_out_, ranking_, kernels, threads);
  }
  if (ranking_.size() < metrics_.size()) {
    found.merge(evaluate_ratings(comm, data.users, users, items, data.biases.item, held_out_, kernels, threads));
  }
  return found;
}

}  // namespace alsace::mpi
