#include "src/als/row_solver.hpp"

#include <algorithm>
#include <cmath>

#include "src/als/objective.hpp"

namespace alsace {
SharedPart::SharedPart(const HalfSweep& job)
    : present_(gramian_weight(job.config) != 0),
      matrix_(present_ ? padded_factors(job.config.factors) * padded_factors(job.config.factors) : 0) {
  for (std::size_t row = 0; row < job.rows.rows(); ++row)
    longest_row_ = std::max(longest_row_, job.rows.row_length(row));
  if (!present_) return;
  const std::size_t padded = padded_factors(job.config.factors);
  const double weight = gramian_weight(job.config);
  for (Eigen::Index i = 0; i < job.config.factors; ++i)
    for (Eigen::Index j = i; j < job.config.factors; ++j)
      matrix_.data()[static_cast<std::size_t>(i) * padded + static_cast<std::size_t>(j)] =
          static_cast<float>(weight * job.fixed_gramian(i, j));
}

RowSolver::RowSolver(const HalfSweep& job, const SharedPart& shared)
    : job_(job),
      shared_(shared),
      factors_(static_cast<std::size_t>(job.config.factors)),
      padded_(padded_factors(job.config.factors)),
      matrix_(padded_ * padded_),
      rhs_(padded_),
      segment_matrix_(shared.longest_row() > segment_interactions ? padded_ * padded_ : 0),
      segment_rhs_(padded_),
      weights_(std::min(shared.longest_row(), segment_interactions)),
      targets_(weights_.size()),
      workspace_(normal_equations_workspace(job.config.factors)) {}

bool RowSolver::solve(std::size_t row, float* x) {
  const auto columns = job_.rows.columns_of(row);
  if (columns.empty()) {
    std::fill_n(x, factors_, 0.0F);
    return true;
  }
  form(columns, job_.rows.values_of(row));
  const auto other_side = job_.other_side > 0 ? job_.other_side : static_cast<std::uint64_t>(job_.fixed.rows());
  add_shared_part(regularization_weight(job_.config, columns.size(), other_side));
  if (!job_.kernels.solve_positive_definite(matrix_.data(), rhs_.data(), job_.config.factors)) return false;
  std::copy_n(rhs_.data(), factors_, x);
  return std::all_of(x, x + factors_, [](float value) { return std::isfinite(value); });
}

/// Σ weight·y yᵀ and Σ target·y of a row, segment by segment.
void RowSolver::form(std::span<const std::uint32_t> columns, std::span<const float> values) {
  const std::size_t first = std::min(columns.size(), segment_interactions);
  form_segment(columns.first(first), values.first(first), matrix_, rhs_);
  for (std::size_t begin = first; begin < columns.size(); begin += segment_interactions) {
    const std::size_t count = std::min(columns.size() - begin, segment_interactions);
    form_segment(columns.subspan(begin, count), values.subspan(begin, count), segment_matrix_, segment_rhs_);
    for (std::size_t i = 0; i < matrix_.size(); ++i) matrix_.data()[i] += segment_matrix_.data()[i];
    for (std::size_t i = 0; i < padded_; ++i) rhs_.data()[i] += segment_rhs_.data()[i];
  }
}

void RowSolver::form_segment(std::span<const std::uint32_t> columns, std::span<const float> values,
                             AlignedFloats& matrix, AlignedFloats& rhs) {
  std::fill_n(matrix.data(), matrix.size(), 0.0F);
  std::fill_n(rhs.data(), rhs.size(), 0.0F);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Observation observation = observe(job_.config, static_cast<double>(values[i]));
    weights_.data()[i] = static_cast<float>(observation.weight);
    targets_.data()[i] = static_cast<float>(observation.target);
  }
  job_.kernels.form_normal_equations(job_.fixed.data(), job_.config.factors, columns.data(), weights_.data(),
                                     targets_.data(), columns.size(), matrix.data(), rhs.data(), workspace_.data());
}

/// c·G + w·I.
void RowSolver::add_shared_part(double regularization) {
  float* const matrix = matrix_.data();
  if (const float* shared = shared_.matrix())
    for (std::size_t i = 0; i < matrix_.size(); ++i) matrix[i] += shared[i];
  for (std::size_t i = 0; i < factors_; ++i) matrix[i * padded_ + i] += static_cast<float>(regularization);
}

}  // namespace alsace
