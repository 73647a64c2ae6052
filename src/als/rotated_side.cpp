#include "src/als/rotated_side.hpp"

#include <algorithm>

#include "src/als/objective.hpp"

namespace alsace {
namespace {

/// Rounding leaves an error of about 1e-7·|y| in every rotated number, which whitening multiplies by up to the root of
/// D's condition: at this one, 1e-4 in the directions that the data hardly touch.
constexpr float worst_condition = 1e6F;

constexpr std::size_t rows_at_once = 256;

}  // namespace

RotatedSide::RotatedSide(const HalfSweep& job, std::size_t interactions)
    : job_(job),
      factors_(static_cast<std::size_t>(job.config.factors)),
      padded_(padded_factors(job.config.factors)),
      has_basis_(gramian_weight(job.config) != 0),
      forth_(has_basis_ ? padded_ * padded_ : 0),
      back_(has_basis_ ? padded_ * padded_ : 0),
      eigenvalues_(padded_),
      all_(0) {
  std::fill(eigenvalues_.data() + factors_, eigenvalues_.data() + padded_, 1.0F);
  if (!has_basis_) return;
  if (job.basis != nullptr) {
    set_basis(*job.basis);
  } else {
    set_basis(shared_basis(job.fixed_gramian));
  }
  if (interactions > static_cast<std::size_t>(job.fixed.rows())) rotate_all();
}

void RotatedSide::set_basis(const SharedBasis& basis) {
  const double weight = gramian_weight(job_.config);
  for (Eigen::Index k = 0; k < job_.config.factors; ++k) {
    const auto column = static_cast<std::size_t>(k);
    eigenvalues_.data()[column] = static_cast<float>(weight * basis.values(k));
    for (Eigen::Index i = 0; i < job_.config.factors; ++i) {
      const auto row = static_cast<std::size_t>(i);
      forth_.data()[row * padded_ + column] = static_cast<float>(basis.vectors(i, k));
      back_.data()[column * padded_ + row] = static_cast<float>(basis.vectors(i, k));
    }
  }
}

void RotatedSide::rotate_all() {
  const auto rows = static_cast<std::size_t>(job_.fixed.rows());
  all_ = AlignedFloats::uninitialized(rows * padded_);
#pragma omp parallel for schedule(static) num_threads(job_.threads)
  for (std::size_t begin = 0; begin < rows; begin += rows_at_once)
    job_.kernels.rotate_rows(job_.fixed.data() + begin * factors_, factors_, nullptr,
                             std::min(rows_at_once, rows - begin), forth_.data(), job_.config.factors,
                             all_.data() + begin * padded_);
}

RotatedSide::Rows RotatedSide::rows(std::span<const std::uint32_t> columns, float* scratch) const {
  if (!has_basis_) return {job_.fixed.data(), factors_, columns.data()};
  if (!on_demand()) return {all_.data(), padded_, columns.data()};
  job_.kernels.rotate_rows(job_.fixed.data(), factors_, columns.data(), columns.size(), forth_.data(),
                           job_.config.factors, scratch);
  return {scratch, padded_, nullptr};
}

bool RotatedSide::well_conditioned(float regularization) const {
  const float smallest = eigenvalues_.data()[0] + regularization;  // they ascend
  const float largest = eigenvalues_.data()[factors_ - 1] + regularization;
  return smallest > 0 && largest <= worst_condition * smallest;
}

void RotatedSide::back(const float* rows, std::size_t count, float* out) const {
  job_.kernels.rotate_rows(rows, padded_, nullptr, count, back_.data(), job_.config.factors, out);
}

void RotatedSide::forth(const float* row, float* out) const {
  job_.kernels.rotate_rows(row, factors_, nullptr, 1, forth_.data(), job_.config.factors, out);
}

}  // namespace alsace
