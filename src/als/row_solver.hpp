#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "src/aligned_array.hpp"
#include "src/als/half_sweep.hpp"

namespace alsace {

/// A row's interactions are summed in segments of this many, each from zero, and the segments are added in order: so
/// the segments of one row could be summed anywhere. Part of the algorithm: it decides the rounding.
inline constexpr std::size_t segment_interactions = 4096;

/// What all rows of a half-sweep share: c·G in fp32, padded for the kernels, and how long the longest row is.
class SharedPart {
 public:
  explicit SharedPart(const HalfSweep& job);
  /// P × P floats, upper triangle; null for explicit, which has no such part.
  [[nodiscard]] const float* matrix() const { return present_ ? matrix_.data() : nullptr; }
  [[nodiscard]] std::size_t longest_row() const { return longest_row_; }

 private:
  bool present_;
  AlignedFloats matrix_;
  std::size_t longest_row_ = 0;
};

/// Solves rows one by one; one for each thread. All memory is taken when it is made, `solve` takes none.
class RowSolver {
 public:
  RowSolver(const HalfSweep& job, const SharedPart& shared);
  /// Solves local row `row` into `x` (K floats). False when its system is not positive definite or x is not finite.
  [[nodiscard]] bool solve(std::size_t row, float* x);

 private:
  void form(std::span<const std::uint32_t> columns, std::span<const float> values);
  void form_segment(std::span<const std::uint32_t> columns, std::span<const float> values, AlignedFloats& matrix,
                    AlignedFloats& rhs);
  void add_shared_part(double regularization);

  const HalfSweep& job_;
  const SharedPart& shared_;
  std::size_t factors_;
  std::size_t padded_;
  AlignedFloats matrix_;          ///< P × P
  AlignedFloats rhs_;             ///< P
  AlignedFloats segment_matrix_;  ///< P × P, empty when no row has a second segment
  AlignedFloats segment_rhs_;
  AlignedFloats weights_;  ///< one an interaction of a segment
  AlignedFloats targets_;
  AlignedFloats workspace_;
};

}  // namespace alsace
