#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "src/aligned_array.hpp"
#include "src/als/bf16_rows.hpp"
#include "src/als/half_sweep.hpp"
#include "src/als/rotated_side.hpp"
#include "src/als/solver_choice.hpp"

namespace alsace {

/// What all rows of a half-sweep share. Made once before the threads start; they only read it.
class SharedPart {
 public:
  /// `job` must outlive it.
  explicit SharedPart(const HalfSweep& job);

  [[nodiscard]] const HalfSweep& job() const { return job_; }
  [[nodiscard]] std::size_t factors() const { return factors_; }
  [[nodiscard]] std::size_t padded() const { return padded_; }
  /// c·G in fp32, P × P floats, upper triangle; null for explicit, which has no such part.
  [[nodiscard]] const float* matrix() const { return has_matrix_ ? matrix_.data() : nullptr; }
  /// The fixed side as bf16 rows; null under fp32.
  [[nodiscard]] const std::uint16_t* fixed_bf16() const { return fixed_bf16_; }
  /// w of a row of so many interactions.
  [[nodiscard]] double regularization(std::size_t interactions) const;
  [[nodiscard]] std::size_t longest_row() const { return longest_row_; }
  [[nodiscard]] RowMethod method(std::size_t interactions) const { return choice_(interactions); }
  /// Interactions of the longest row that goes to a method; 0: none does.
  [[nodiscard]] std::size_t longest_of(RowMethod method) const { return longest_of_[static_cast<std::size_t>(method)]; }
  /// There when some row goes to dual or cg.
  [[nodiscard]] const RotatedSide& rotated() const { return *rotated_; }

 private:
  void survey_rows();
  const HalfSweep& job_;
  std::size_t factors_;
  std::size_t padded_;
  bool has_matrix_;
  AlignedFloats matrix_;
  std::optional<Bf16Rows> own_bf16_;
  const std::uint16_t* fixed_bf16_ = nullptr;
  MethodChoice choice_;
  std::size_t longest_row_ = 0;
  std::array<std::size_t, row_methods> longest_of_{};
  std::optional<RotatedSide> rotated_;
};

}  // namespace alsace
