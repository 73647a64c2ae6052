#include "src/als/shared_part.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "src/als/objective.hpp"
#include "src/error.hpp"

namespace alsace {

SharedPart::SharedPart(const HalfSweep& job)
    : job_(job),
      factors_(static_cast<std::size_t>(job.config.factors)),
      padded_(padded_factors(job.config.factors)),
      has_matrix_(gramian_weight(job.config) != 0),
      matrix_(has_matrix_ ? padded_ * padded_ : 0),
      choice_(job.config, job.kernels.level) {
  ALSACE_CHECK(job.fixed.cols() == job.config.factors,
               fmt::format("fixed.cols() = {}, factors = {}", job.fixed.cols(), job.config.factors));
  survey_rows();
  if (job.config.precision == Precision::bf16) {
    if (job.fixed_bf16 == nullptr) own_bf16_.emplace(job.fixed, job.threads);
    fixed_bf16_ = job.fixed_bf16 != nullptr ? job.fixed_bf16 : own_bf16_->data();
  }
  if (!has_matrix_) return;
  const double weight = gramian_weight(job.config);
  for (Eigen::Index i = 0; i < job.config.factors; ++i)
    for (Eigen::Index j = i; j < job.config.factors; ++j)
      matrix_.data()[static_cast<std::size_t>(i) * padded_ + static_cast<std::size_t>(j)] =
          static_cast<float>(weight * job.fixed_gramian(i, j));
}

/// What the rows will ask for.
void SharedPart::survey_rows() {
  std::size_t rotated_interactions = 0;
  for (std::size_t row = 0; row < job_.rows.rows(); ++row) {
    const std::size_t length = job_.rows.row_length(row);
    const RowMethod method = choice_(length);
    std::size_t& longest = longest_of_[static_cast<std::size_t>(method)];
    longest = std::max(longest, length);
    longest_row_ = std::max(longest_row_, length);
    if (method == RowMethod::dual || method == RowMethod::cg) rotated_interactions += length;
  }
  if (rotated_interactions > 0) rotated_.emplace(job_, rotated_interactions);
}

double SharedPart::regularization(std::size_t interactions) const {
  const std::uint64_t other_side =
      job_.other_side > 0 ? job_.other_side : static_cast<std::uint64_t>(job_.fixed.rows());
  return regularization_weight(job_.config, interactions, other_side);
}

}  // namespace alsace
