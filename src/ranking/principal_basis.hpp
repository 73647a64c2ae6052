#pragma once

#include <cstddef>
#include <vector>

#include "src/kernels/kernel_table.hpp"

namespace alsace {

/// Other coordinates for items and queries: the first few, the principal part, hold most of every item's length, where
/// items lie near a subspace; inner products stay the same but for a small error. A scan then bounds scores by
/// principal parts alone (src/ranking/quantization.hpp, steps 7 and 8). The principal part is spanned by the
/// eigenvectors of the items' Gramian with the largest eigenvalues, mixed so that no coordinate of it is much larger
/// than the others, since all share a scale.
class PrincipalBasis {
 public:
  /// Rows of more factors are left as they are: a row in other coordinates costs factors² products.
  static constexpr int most_factors = 512;
  /// Fewer are scanned before a principal part could pay.
  static constexpr std::size_t least_rows = 16384;
  static constexpr std::size_t most_rows = 16;

  /// For `count` rows of `factors` floats, the longest about first, of which some are looked at. Empty where it would
  /// not pay: a principal part would hold too little of the rows, or they are few, or so much shorter after the first
  /// that searches end before principal parts are of use.
  PrincipalBasis(const float* rows, std::size_t count, int factors);

  [[nodiscard]] bool empty() const { return vectors_.empty(); }
  /// Coordinates of the principal part, a multiple of 16; all factors where it is empty.
  [[nodiscard]] int principal() const { return principal_; }
  /// ε: for any two rows x and y and what turn() makes of them, |x·y − X·Y| ≤ ε ‖x‖ ‖y‖, ‖X‖ ≤ ‖x‖ / (1 − ε) and
  /// ‖x‖ ≤ ‖X‖ / (1 − ε). 0 where it is empty.
  [[nodiscard]] double error() const { return error_; }
  /// turned = the row in these coordinates, or the row itself where it is empty; the same bits at every kernel level.
  void turn(const KernelTable& kernels, const float* row, double* turned) const { turn(kernels, row, 1, turned); }
  /// The same for up to most_rows at once, so that the matrix is read once.
  void turn(const KernelTable& kernels, const float* rows, std::size_t count, double* turned) const;
  [[nodiscard]] std::size_t bytes() const { return vectors_.size() * sizeof(float); }

 private:
  int factors_;
  int principal_;
  double error_ = 0;
  std::vector<float> vectors_;  // R, factors × factors: row by row
};

}  // namespace alsace
