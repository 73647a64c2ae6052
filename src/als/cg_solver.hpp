#pragma once

#include <cstddef>

#include "src/als/whitened_row.hpp"

namespace alsace {

/// ‖residual‖ ≤ this · ‖right-hand side‖ of the whitened row is where conjugate gradients end. No eigenvalue of its
/// matrix is below 1, so what a row adds to the loss is then off by at most the square, 1e-6, of ‖Zᵀτ‖²; warm starts
/// keep the sum over sweeps below 1e-5 of an implicit objective's loss where that was measured, at K = 16
/// (tests/src/als/golden_test.cpp).
inline constexpr float cg_tolerance = 1e-3F;
/// Beyond, Cholesky is cheaper whatever comes out.
inline constexpr int cg_most_iterations = 64;

/// Solves rows by conjugate gradients from their last value, preconditioned by the shared part, which the rotated basis
/// makes diagonal. 2·n·K multiply-adds an iteration, no K × K matrix.
class CgSolver {
 public:
  /// `longest`: interactions of the longest row that it will get; their rows are kept: longest · P floats.
  CgSolver(const SharedPart& shared, const RotatedSide& side, std::size_t longest);

  /// Solves local row `row` from the x (K floats) that is there. False, with x as it was, when the row cannot be
  /// whitened, does not converge or is not finite.
  [[nodiscard]] bool solve(std::size_t row, float* x);
  /// Of all rows together.
  [[nodiscard]] std::uint64_t iterations() const { return iterations_; }

 private:
  void warm_start(const float* x);

  const SharedPart& shared_;
  const RotatedSide& side_;
  WhitenedRow row_;
  AlignedFloats rhs_;
  AlignedFloats solution_;
  AlignedFloats turned_;
  AlignedFloats workspace_;
  std::uint64_t iterations_ = 0;
};

}  // namespace alsace
