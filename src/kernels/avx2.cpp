// Vectors of eight floats and fused multiply-add. Compiled for them alone: no header but the intrinsics, which are
// inlined always.
#include <cstddef>
#include <cstdint>

#include <immintrin.h>

#include "src/kernels/chunk.hpp"
#include "src/kernels/levels.hpp"

namespace alsace {
namespace {

using Vec = __m256;
constexpr std::size_t vec_width = 8;
constexpr std::size_t tile_rows = 4;
constexpr std::size_t tile_vecs = 3;

using Wide = __m256d;

inline Vec broadcast(float value) {
  return _mm256_set1_ps(value);
}
inline Vec fused(Vec a, Vec b, Vec c) {
  return _mm256_fmadd_ps(a, b, c);
}
inline Wide fused(Wide a, Wide b, Wide c) {
  return _mm256_fmadd_pd(a, b, c);
}
inline Vec fused_minus(Vec a, Vec b, Vec c) {
  return _mm256_fnmadd_ps(a, b, c);
}

#include "src/kernels/lane_by_lane.inc"
// what uses it:
#include "src/kernels/loops.inc"

}  // namespace

const KernelTable avx2_kernels = table_of_level("avx2");

}  // namespace alsace
