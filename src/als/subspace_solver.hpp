#pragma once

#include <cstddef>
#include <span>

#include "src/als/shared_part.hpp"

namespace alsace {

/// Columns that are solved together. Wide enough for the kernels, narrow enough that K³ turns into K·64².
inline constexpr int subspace_block = 64;

/// Improves a row a block of columns after the other, the rest held fixed: one Newton step, exact for the block, from
/// the row's last value (iALS++: Rendle, Krichene, Zhang & Koren 2021). Not the minimum over all of x: sweeps converge
/// to the same solution, later. n·K·(64 + 2) + K·64² multiply-adds a row where Cholesky takes n·K²/2 + K³/6.
class SubspaceSolver {
 public:
  explicit SubspaceSolver(const SharedPart& shared);

  /// Improves local row `row` in place: x (K floats). False when a block's system is not positive definite or x is not
  /// finite.
  [[nodiscard]] bool solve(std::size_t row, float* x);

 private:
  struct Block {
    std::size_t begin;
    int width;
  };
  void observe_row(std::size_t row);
  void start(std::span<const std::uint32_t> columns, const float* x);
  [[nodiscard]] bool improve(Block block, std::span<const std::uint32_t> columns, float regularization, float* x);
  void add_interactions(Block block, std::span<const std::uint32_t> columns);
  void update_scores(Block block, std::span<const std::uint32_t> columns);

  const SharedPart& shared_;
  AlignedFloats shared_matrix_;  ///< c·G, both triangles, P × P; empty for explicit
  AlignedFloats weights_;
  AlignedFloats targets_;
  AlignedFloats residuals_;  ///< target − weight · score
  AlignedFloats scores_;     ///< ⟨x, y_j⟩
  AlignedFloats packed_;     ///< one segment's block of columns
  AlignedFloats matrix_;
  AlignedFloats rhs_;
  AlignedFloats workspace_;
};

}  // namespace alsace
