// What AVX-512 does with products of bf16 pairs. Compiled for them alone: no header but the intrinsics, which are
// inlined always. All other functions of this level are those of avx512.
#include <cstddef>
#include <cstdint>

#include <immintrin.h>

#include "src/kernels/chunk.hpp"
#include "src/kernels/levels.hpp"

namespace alsace {
namespace {

#include "src/kernels/avx512_bf16.inc"

}  // namespace

void form_normal_equations_avx512_bf16(const std::uint16_t* fixed, int factors, const std::uint32_t* columns,
                                       const float* weights, const float* targets, std::size_t n, std::size_t coming,
                                       float* matrix, float* rhs, float* workspace) {
  const std::size_t padded = padded_factors(factors);
  const std::size_t stride = bf16_stride(factors);
  constexpr std::size_t panel_size = chunk_rows_bf16 / 2 * panel_columns;
  for (std::size_t begin = 0; begin < n; begin += chunk_rows_bf16) {
    const std::size_t count = n - begin < chunk_rows_bf16 ? n - begin : chunk_rows_bf16;
    const std::size_t rest = n + coming - begin - count;
    const std::size_t steps = (count + 1) / 2;
    const bool weighted = weights != nullptr;
    gather_pairs({fixed, stride, columns + begin, weighted ? weights + begin : nullptr,
                  weighted ? targets + begin : nullptr, count},
                 steps, padded, workspace, panel_size, rhs);
    add_tiles({workspace, workspace, panel_size, steps}, padded, matrix,
              {reinterpret_cast<const char*>(fixed), stride * sizeof(std::uint16_t), columns + begin + count,
               rest < chunk_rows_bf16 ? rest : chunk_rows_bf16});
  }
}

}  // namespace alsace
