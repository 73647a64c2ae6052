#include "bench/support/local_trainer.hpp"

#include <fmt/format.h>

#include "src/als/bf16_rows.hpp"
#include "src/als/exact_sum.hpp"
#include "src/als/gramian.hpp"
#include "src/als/half_sweep.hpp"
#include "src/als/initial_factors.hpp"
#include "src/als/loss.hpp"

namespace alsace::bench {
namespace {

GramMatrix gramian_of(const KernelTable& kernels, const FactorMatrix& rows, int threads) {
  LocalReducer reducer;
  const auto count = static_cast<std::uint64_t>(rows.rows());
  return gramian(kernels, rows.data(), count, static_cast<int>(rows.cols()), count, threads, reducer,
                 "the Gramian of a bench");
}

double sum_of(const std::vector<double>& terms) {
  LocalReducer reducer;
  return exact_sum(terms, terms.size(), reducer, "the loss of a bench");
}

}  // namespace

LocalTrainer::LocalTrainer(const TrainConfig& config, const KernelTable& kernels, const Interactions& data, int threads)
    : config_(config),
      kernels_(kernels),
      data_(data),
      threads_(threads),
      users_(FactorMatrix::Zero(static_cast<Eigen::Index>(data.by_user.rows()), config.factors)),
      items_(FactorMatrix::Zero(static_cast<Eigen::Index>(data.by_item.rows()), config.factors)) {
  config_.precision = resolve_precision(config.precision);
  initialize_items(config_, {0, data.by_item.rows()}, items_.data());
  if (config_.precision == Precision::bf16) round_to_bf16(items_.data(), static_cast<std::size_t>(items_.size()));
  item_gramian_ = gramian_of(kernels_, items_, threads_);
}

void LocalTrainer::sweep() {
  user_half();
  user_gramian_ = gramian_of(kernels_, users_, threads_);
  solve(data_.by_item, users_, user_gramian_, items_, "item row");
  item_gramian_ = gramian_of(kernels_, items_, threads_);
}

void LocalTrainer::user_half() {
  solved_ = {};
  solve(data_.by_user, items_, item_gramian_, users_, "user row");
}

void LocalTrainer::solve(const SparseRows& rows, const FactorMatrix& fixed, const GramMatrix& gramian,
                         FactorMatrix& solved, const char* row_name) {
  const HalfSweep job{config_, kernels_, rows, fixed, gramian, threads_, row_name};
  solved_ += half_sweep(job, solved.data(), {}).solved;
}

double LocalTrainer::loss() const {
  return loss_of(config_, kernels_, data_, users_, items_, threads_);
}

std::string rows_by_method(const RowCounts& counts) {
  std::string text;
  for (std::size_t method = 0; method < row_methods; ++method) {
    if (counts.of[method] == 0) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name_of(static_cast<RowMethod>(method)),
                        with_commas(counts.of[method]));
  }
  return text;
}

TrainConfig yardstick_config(int factors) {
  TrainConfig config = TrainConfig::defaults(Objective::hkv);
  config.factors = factors;
  config.alpha = 8;
  config.regularization = 0.1;
  config.regularization_exponent = 0;
  return config;
}

double loss_of(const TrainConfig& config, const KernelTable& kernels, const Interactions& data,
               const FactorMatrix& users, const FactorMatrix& items, int threads) {
  return sum_of(row_losses(config, kernels, data.by_user, users.data(), items, threads)) +
         sum_of(row_penalties(config, data.by_item, items.data(), config.factors, data.by_user.rows(), threads)) +
         unobserved_loss(config, gramian_of(kernels, users, threads), gramian_of(kernels, items, threads));
}

}  // namespace alsace::bench
