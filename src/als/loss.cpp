#include "src/als/loss.hpp"

#include <algorithm>

#include "src/als/objective.hpp"

namespace alsace {
namespace {

/// Interactions whose scores are computed before their terms are added: few enough to stay in the L1 cache.
constexpr std::size_t scores_at_once = 256;

/// In double, eight sums side by side in a fixed order: one alone would wait for every addition before the next.
double inner_product(const float* x, const float* y, std::size_t factors) {
  constexpr std::size_t lanes = 8;
  double sums[lanes] = {};
  std::size_t k = 0;
  for (; k + lanes <= factors; k += lanes)
    for (std::size_t l = 0; l < lanes; ++l) sums[l] += static_cast<double>(x[k + l]) * static_cast<double>(y[k + l]);
  for (std::size_t l = 0; k + l < factors; ++l)
    sums[l] += static_cast<double>(x[k + l]) * static_cast<double>(y[k + l]);
  return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
}

}  // namespace

std::vector<double> row_losses(const TrainConfig& config, const KernelTable& kernels, const SparseRows& rows,
                               const float* own, const FactorView& fixed, int threads, std::uint64_t other_side) {
  const auto factors = static_cast<std::size_t>(fixed.cols());
  if (other_side == 0) other_side = static_cast<std::uint64_t>(fixed.rows());
  const auto count = static_cast<std::int64_t>(rows.rows());
  std::vector<double> losses = row_penalties(config, rows, own, static_cast<int>(factors), other_side, threads);
#pragma omp parallel for schedule(dynamic, 256) num_threads(threads)
  for (std::int64_t r = 0; r < count; ++r) {
    const auto row = static_cast<std::size_t>(r);
    const auto columns = rows.columns_of(row);
    const auto values = rows.values_of(row);
    const std::uint32_t* const shard_end = rows.columns.data() + rows.columns.size();
    double sum = 0;
    float scores[scores_at_once];
    for (std::size_t begin = 0; begin < columns.size(); begin += scores_at_once) {
      const std::size_t n = std::min(scores_at_once, columns.size() - begin);
      const std::uint32_t* const first = columns.data() + begin;
      kernels.gathered_inner_products(fixed.data(), static_cast<int>(factors), first, n,
                                      static_cast<std::size_t>(shard_end - (first + n)), own + row * factors, scores);
      for (std::size_t i = 0; i < n; ++i)
        sum += observed_loss(config, static_cast<double>(values[begin + i]), static_cast<double>(scores[i]));
    }
    losses[row] += sum;
  }
  return losses;
}

std::vector<double> row_penalties(const TrainConfig& config, const SparseRows& rows, const float* own, int factors,
                                  std::uint64_t other_side, int threads) {
  const auto k = static_cast<std::size_t>(factors);
  const auto count = static_cast<std::int64_t>(rows.rows());
  std::vector<double> penalties(rows.rows());
#pragma omp parallel for schedule(static) num_threads(threads)
  for (std::int64_t r = 0; r < count; ++r) {
    const auto row = static_cast<std::size_t>(r);
    penalties[row] = regularization_weight(config, rows.row_length(row), other_side) *
                     inner_product(own + row * k, own + row * k, k);
  }
  return penalties;
}

double unobserved_loss(const TrainConfig& config, const GramMatrix& user_gramian, const GramMatrix& item_gramian) {
  double sum = 0;
  for (Eigen::Index j = 0; j < user_gramian.cols(); ++j)
    for (Eigen::Index i = 0; i < user_gramian.rows(); ++i) sum += user_gramian(i, j) * item_gramian(i, j);
  return gramian_weight(config) * sum;
}

}  // namespace alsace
