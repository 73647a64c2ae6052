#pragma once

#include <cstddef>

#include "src/aligned_array.hpp"
#include "src/als/rotated_side.hpp"
#include "src/als/shared_part.hpp"

namespace alsace {

/// One row's interactions where the shared part is the identity: z_j = √weight_j · D^(-1/2) y'_j and
/// τ_j = target_j / √weight_j. The row's solution is x' = D^(-1/2) v with
///   (I + ZᵀZ) v = Zᵀ τ       K × K, for conjugate gradients, or
///   v = Zᵀ u, (I + Z Zᵀ) u = τ      n × n, for the dual (Woodbury; push-through identity).
/// Both matrices are as far from singular as they can be: no eigenvalue below 1.
class WhitenedRow {
 public:
  /// All memory is taken here, for rows of up to `longest` interactions: longest · P floats, twice where rows are
  /// rotated on demand.
  WhitenedRow(const SharedPart& shared, const RotatedSide& side, std::size_t longest);

  /// False when the row cannot be whitened: a weight that is not positive, or an ill-conditioned shared part.
  [[nodiscard]] bool load(std::size_t row);

  [[nodiscard]] std::size_t length() const { return length_; }
  [[nodiscard]] const float* rows() const { return rows_.data(); }        ///< Z: n × P
  [[nodiscard]] const float* scales() const { return scales_.data(); }    ///< D^(-1/2), P floats
  [[nodiscard]] const float* targets() const { return targets_.data(); }  ///< τ: n, zeros up to padded_factors(n)

 private:
  [[nodiscard]] bool observe_row(std::size_t row);

  const SharedPart& shared_;
  const RotatedSide& side_;
  AlignedFloats rows_;
  AlignedFloats scratch_;
  AlignedFloats scales_;
  AlignedFloats scales_with_weight_;
  AlignedFloats weight_roots_;
  AlignedFloats targets_;
  std::size_t length_ = 0;
  float equal_root_ = 1;  ///< √weight where all weigh the same
  bool equal_weights_ = false;
};

}  // namespace alsace
