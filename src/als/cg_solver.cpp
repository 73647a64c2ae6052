#include "src/als/cg_solver.hpp"

#include <algorithm>
#include <cmath>

namespace alsace {

CgSolver::CgSolver(const SharedPart& shared, const RotatedSide& side, std::size_t longest)
    : shared_(shared),
      side_(side),
      row_(shared, side, longest),
      rhs_(shared.padded()),
      solution_(shared.padded()),
      turned_(shared.padded()),
      workspace_(3 * shared.padded()) {}

bool CgSolver::solve(std::size_t row, float* x) {
  if (!row_.load(row)) return false;
  const HalfSweep& job = shared_.job();
  const std::size_t padded = shared_.padded();
  job.kernels.combine_rows(row_.rows(), row_.targets(), row_.length(), nullptr, padded, rhs_.data());
  warm_start(x);
  const int iterations = job.kernels.solve_by_cg(row_.rows(), row_.length(), job.config.factors, rhs_.data(),
                                                 cg_tolerance, cg_most_iterations, solution_.data(), workspace_.data());
  if (iterations < 0) return false;
  for (std::size_t k = 0; k < padded; ++k) solution_.data()[k] *= row_.scales()[k];
  const float* found = solution_.data();
  if (!side_.is_identity()) {
    side_.back(solution_.data(), 1, turned_.data());
    found = turned_.data();
  }
  if (!std::all_of(found, found + shared_.factors(), [](float value) { return std::isfinite(value); })) return false;
  std::copy_n(found, shared_.factors(), x);
  iterations_ += static_cast<std::uint64_t>(iterations);
  return true;
}

/// v = D^(1/2) Qᵀ x; from zero where the last value is not finite.
void CgSolver::warm_start(const float* x) {
  const std::size_t factors = shared_.factors();
  float* const v = solution_.data();
  std::fill_n(v, solution_.size(), 0.0F);
  if (!std::all_of(x, x + factors, [](float value) { return std::isfinite(value); })) return;
  if (side_.is_identity()) {
    std::copy_n(x, factors, v);
  } else {
    side_.forth(x, v);
  }
  for (std::size_t k = 0; k < factors; ++k) v[k] /= row_.scales()[k];
}

}  // namespace alsace
