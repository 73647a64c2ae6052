#pragma once

#include <array>
#include <cstddef>

#include "src/als/whitened_row.hpp"

namespace alsace {

/// Solves short rows exactly by their n × n dual: K²·n flops less a row than forming, and n³ in place of K³. Solutions
/// wait in the rotated basis until several are turned back together, which reads the basis once for all.
class DualSolver {
 public:
  /// `longest`: interactions of the longest row that it will get.
  DualSolver(const SharedPart& shared, const RotatedSide& side, std::size_t longest);

  /// Solves local row `row`; x (K floats) is written by flush(), or before. False, with x as it was, when the row
  /// cannot be whitened or its system is not positive definite in fp32.
  [[nodiscard]] bool solve(std::size_t row, float* x);
  /// Writes all solutions that still wait.
  void flush();

 private:
  static constexpr std::size_t most_waiting = 32;

  const SharedPart& shared_;
  const RotatedSide& side_;
  WhitenedRow row_;
  AlignedFloats matrix_;
  AlignedFloats unknowns_;
  AlignedFloats waiting_;  ///< x' of several rows, most_waiting × P
  AlignedFloats turned_;
  std::array<float*, most_waiting> places_{};
  std::size_t count_ = 0;
};

}  // namespace alsace
