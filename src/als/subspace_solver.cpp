#include "src/als/subspace_solver.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "src/als/normal_equations.hpp"
#include "src/als/objective.hpp"

namespace alsace {
namespace {

/// 0, 1, 2, …: rows of a packed segment.
const std::uint32_t* consecutive() {
  static const std::vector<std::uint32_t> numbers = [] {
    std::vector<std::uint32_t> all(segment_interactions);
    std::iota(all.begin(), all.end(), 0U);
    return all;
  }();
  return numbers.data();
}

/// In eight lanes, in a fixed order.
float dot(const float* a, const float* b, std::size_t count) {
  constexpr std::size_t lanes = 8;
  float sums[lanes] = {};
  std::size_t k = 0;
  for (; k + lanes <= count; k += lanes)
    for (std::size_t l = 0; l < lanes; ++l) sums[l] += a[k + l] * b[k + l];
  for (std::size_t l = 0; k + l < count; ++l) sums[l] += a[k + l] * b[k + l];
  return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
}

}  // namespace

SubspaceSolver::SubspaceSolver(const SharedPart& shared)
    : shared_(shared),
      shared_matrix_(shared.matrix() != nullptr ? shared.padded() * shared.padded() : 0),
      weights_(shared.longest_row()),
      targets_(shared.longest_row()),
      residuals_(shared.longest_row()),
      scores_(shared.longest_row()),
      packed_(std::min(shared.longest_row(), segment_interactions) * subspace_block),
      matrix_(subspace_block * subspace_block),
      rhs_(subspace_block),
      workspace_(normal_equations_workspace(subspace_block)) {
  const std::size_t padded = shared.padded();
  if (shared.matrix() == nullptr) return;
  for (std::size_t i = 0; i < shared.factors(); ++i)
    for (std::size_t j = i; j < shared.factors(); ++j)
      shared_matrix_.data()[i * padded + j] = shared_matrix_.data()[j * padded + i] = shared.matrix()[i * padded + j];
}

bool SubspaceSolver::solve(std::size_t row, float* x) {
  const auto columns = shared_.job().rows.columns_of(row);
  const auto regularization = static_cast<float>(shared_.regularization(columns.size()));
  if (!std::all_of(x, x + shared_.factors(), [](float value) { return std::isfinite(value); }))
    std::fill_n(x, shared_.factors(), 0.0F);
  observe_row(row);
  start(columns, x);
  for (std::size_t begin = 0; begin < shared_.factors(); begin += subspace_block) {
    const Block block{begin, static_cast<int>(std::min<std::size_t>(subspace_block, shared_.factors() - begin))};
    if (!improve(block, columns, regularization, x)) return false;
  }
  return std::all_of(x, x + shared_.factors(), [](float value) { return std::isfinite(value); });
}

void SubspaceSolver::observe_row(std::size_t row) {
  const auto values = shared_.job().rows.values_of(row);
  for (std::size_t j = 0; j < values.size(); ++j) {
    const Observation observation = observe(shared_.job().config, static_cast<double>(values[j]));
    weights_.data()[j] = static_cast<float>(observation.weight);
    targets_.data()[j] = static_cast<float>(observation.target);
  }
}

void SubspaceSolver::start(std::span<const std::uint32_t> columns, const float* x) {
  const float* const fixed = shared_.job().fixed.data();
  for (std::size_t j = 0; j < columns.size(); ++j)
    scores_.data()[j] = dot(fixed + columns[j] * shared_.factors(), x, shared_.factors());
}

/// (c·G + Σ weight·y yᵀ + w·I)_block δ = −gradient_block = Σ (target − weight·score) y − c·G x − w·x; x += δ.
bool SubspaceSolver::improve(Block block, std::span<const std::uint32_t> columns, float regularization, float* x) {
  const HalfSweep& job = shared_.job();
  const auto width = static_cast<std::size_t>(block.width);
  const std::size_t stride = padded_factors(block.width);
  std::fill_n(matrix_.data(), stride * stride, 0.0F);
  std::fill_n(rhs_.data(), stride, 0.0F);
  for (std::size_t j = 0; j < columns.size(); ++j)
    residuals_.data()[j] = targets_.data()[j] - weights_.data()[j] * scores_.data()[j];
  add_interactions(block, columns);
  for (std::size_t i = 0; i < width; ++i) {
    float gradient = regularization * x[block.begin + i];
    if (shared_.matrix() != nullptr) {
      const float* const shared_row = shared_matrix_.data() + (block.begin + i) * shared_.padded();
      gradient += dot(shared_row, x, shared_.factors());
      for (std::size_t j = i; j < width; ++j) matrix_.data()[i * stride + j] += shared_row[block.begin + j];
    }
    matrix_.data()[i * stride + i] += regularization;
    rhs_.data()[i] -= gradient;
  }
  if (!job.kernels.solve_positive_definite(matrix_.data(), rhs_.data(), block.width)) return false;
  for (std::size_t i = 0; i < width; ++i) x[block.begin + i] += rhs_.data()[i];
  update_scores(block, columns);
  return true;
}

/// Segments follow one another, each packed to rows of the block alone.
void SubspaceSolver::add_interactions(Block block, std::span<const std::uint32_t> columns) {
  const HalfSweep& job = shared_.job();
  const auto width = static_cast<std::size_t>(block.width);
  for (std::size_t begin = 0; begin < columns.size(); begin += segment_interactions) {
    const std::size_t count = std::min(segment_interactions, columns.size() - begin);
    for (std::size_t j = 0; j < count; ++j)
      std::copy_n(job.fixed.data() + columns[begin + j] * shared_.factors() + block.begin, width,
                  packed_.data() + j * width);
    job.kernels.form_normal_equations(packed_.data(), block.width, consecutive(), weights_.data() + begin,
                                      residuals_.data() + begin, count, 0, matrix_.data(), rhs_.data(),
                                      workspace_.data());
  }
}

void SubspaceSolver::update_scores(Block block, std::span<const std::uint32_t> columns) {
  const float* const fixed = shared_.job().fixed.data() + block.begin;
  for (std::size_t j = 0; j < columns.size(); ++j)
    scores_.data()[j] +=
        dot(fixed + columns[j] * shared_.factors(), rhs_.data(), static_cast<std::size_t>(block.width));
}

}  // namespace alsace
