#pragma once

#include <cstddef>
#include <cstdint>

#include "src/aligned_array.hpp"
#include "src/matrix.hpp"

namespace alsace {

/// The nearest bf16, the upper half of an fp32: 8 bits of significand, ties to even; what lies beyond the largest
/// becomes infinite, and what is not a number stays so. Relative error at most 2⁻⁸ / 2 = 0.2 %.
float round_to_bf16(float value);

/// The same for `count` values in place.
void round_to_bf16(float* values, std::size_t count);

/// Rows of factors as bf16, for the kernels that form normal equations from them: row r starts at
/// data() + r · bf16_stride(K), padded with zeros; the first is aligned to 64 bytes. Rounds what is no bf16 yet.
/// Memory: 2 · bf16_stride(K) bytes a row.
class Bf16Rows {
 public:
  /// `threads` share the rows evenly, so that their pages lie near them.
  Bf16Rows(const FactorView& rows, int threads);
  [[nodiscard]] const std::uint16_t* data() const { return data_.data(); }

 private:
  AlignedArray<std::uint16_t> data_;
};

}  // namespace alsace
