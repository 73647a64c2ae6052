#include "src/als/dual_solver.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace alsace {
namespace {

/// So that the numbers of the solution are finite in any basis. `size` is a multiple of 16; side by side, since a
/// single sum would wait for every addition.
bool has_finite_norm(const float* x, std::size_t size) {
  constexpr std::size_t lanes = 16;
  float sums[lanes] = {};
  for (std::size_t k = 0; k < size; k += lanes)
    for (std::size_t l = 0; l < lanes; ++l) sums[l] += x[k + l] * x[k + l];
  return std::isfinite(std::accumulate(sums, sums + lanes, 0.0F));
}

}  // namespace

DualSolver::DualSolver(const SharedPart& shared, const RotatedSide& side, std::size_t longest)
    : shared_(shared),
      side_(side),
      row_(shared, side, longest),
      matrix_(padded_factors(static_cast<int>(longest)) * padded_factors(static_cast<int>(longest))),
      unknowns_(padded_factors(static_cast<int>(longest))),
      waiting_(most_waiting * shared.padded()),
      turned_(most_waiting * shared.padded()) {}

bool DualSolver::solve(std::size_t row, float* x) {
  if (!row_.load(row)) return false;
  const HalfSweep& job = shared_.job();
  const std::size_t n = row_.length();
  std::copy_n(row_.targets(), padded_factors(static_cast<int>(n)), unknowns_.data());
  if (!job.kernels.solve_dual(row_.rows(), n, job.config.factors, matrix_.data(), unknowns_.data())) return false;
  float* const solution = waiting_.data() + count_ * shared_.padded();
  job.kernels.combine_rows(row_.rows(), unknowns_.data(), n, row_.scales(), shared_.padded(), solution);
  if (!has_finite_norm(solution, shared_.padded())) return false;
  places_[count_++] = x;
  if (count_ == most_waiting) flush();
  return true;
}

void DualSolver::flush() {
  const float* from = waiting_.data();
  if (!side_.is_identity() && count_ > 0) {
    side_.back(waiting_.data(), count_, turned_.data());
    from = turned_.data();
  }
  for (std::size_t i = 0; i < count_; ++i) std::copy_n(from + i * shared_.padded(), shared_.factors(), places_[i]);
  count_ = 0;
}

}  // namespace alsace
