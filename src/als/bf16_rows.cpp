#include "src/als/bf16_rows.hpp"

#include <algorithm>
#include <bit>

#include "src/kernels/kernel_table.hpp"

namespace alsace {
namespace {

std::uint16_t bf16_bits(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if (value != value) return static_cast<std::uint16_t>((bits >> 16) | 0x40U);  // NaN, quiet: never rounded to infinity
  const std::uint32_t to_even = 0x7fffU + ((bits >> 16) & 1U);
  return static_cast<std::uint16_t>((bits + to_even) >> 16);
}

}  // namespace

float round_to_bf16(float value) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bf16_bits(value)) << 16);
}

void round_to_bf16(float* values, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) values[i] = round_to_bf16(values[i]);
}

Bf16Rows::Bf16Rows(const FactorView& rows, int threads)
    : data_(AlignedArray<std::uint16_t>::uninitialized(static_cast<std::size_t>(rows.rows()) *
                                                       bf16_stride(static_cast<int>(rows.cols())))) {
  const auto factors = static_cast<std::size_t>(rows.cols());
  const std::size_t stride = bf16_stride(static_cast<int>(factors));
  const float* const from = rows.data();
  std::uint16_t* const to = data_.data();
#pragma omp parallel for schedule(static) num_threads(threads)
  for (Eigen::Index r = 0; r < rows.rows(); ++r) {
    const auto row = static_cast<std::size_t>(r);
    std::transform(from + row * factors, from + (row + 1) * factors, to + row * stride, bf16_bits);
    std::fill_n(to + row * stride + factors, stride - factors, std::uint16_t{0});
  }
}

}  // namespace alsace
