#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "src/aligned_array.hpp"
#include "src/als/half_sweep.hpp"

namespace alsace {

/// The fixed side in the basis where P = c·G + w·I is diagonal for every row: Y' = Y Q, with G = Q Λ Qᵀ. Then
/// D = c·Λ + w stands for P, and x = Q x'. For explicit P is w·I already: Q = I and Y' = Y.
class RotatedSide {
 public:
  /// Rotates all rows when `interactions`, those of the rows that will be asked for, are more than rows there are; else
  /// rotates them where they are asked for. The bits are the same. Cost: min(M, interactions)·K² multiply-adds over
  /// job.threads; memory: 4·P bytes a row of the side in the first case.
  RotatedSide(const HalfSweep& job, std::size_t interactions);

  /// One row's interactions as rows of Y'.
  struct Rows {
    const float* data;
    std::size_t stride;
    const std::uint32_t* columns;  ///< null: rows 0, 1, …
  };
  /// `scratch`: scratch_rows(columns.size()) × P floats.
  [[nodiscard]] Rows rows(std::span<const std::uint32_t> columns, float* scratch) const;
  [[nodiscard]] std::size_t scratch_rows(std::size_t columns) const { return on_demand() ? columns : 0; }

  /// c·λ_k in fp32, P floats; 1 in the padding.
  [[nodiscard]] const float* eigenvalues() const { return eigenvalues_.data(); }
  /// Whether D is positive, and far enough from singular that fp32 rows in its basis mean something.
  [[nodiscard]] bool well_conditioned(float regularization) const;

  /// out row r (P floats) = Q · rows row r (P floats), and the other way round.
  void back(const float* rows, std::size_t count, float* out) const;
  void forth(const float* row, float* out) const;
  [[nodiscard]] bool is_identity() const { return !has_basis_; }

 private:
  [[nodiscard]] bool on_demand() const { return has_basis_ && all_.size() == 0; }
  void set_basis(const SharedBasis& basis);
  void rotate_all();

  const HalfSweep& job_;
  std::size_t factors_;
  std::size_t padded_;
  bool has_basis_;
  AlignedFloats forth_;  ///< Q, P × P
  AlignedFloats back_;   ///< Qᵀ
  AlignedFloats eigenvalues_;
  AlignedFloats all_;  ///< M × P, or empty
};

}  // namespace alsace
