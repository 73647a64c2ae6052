// Vectors of sixteen floats. Compiled for them alone: no header but the intrinsics, which are inlined always.
#include <cstddef>
#include <cstdint>

#include <immintrin.h>

#include "src/kernels/chunk.hpp"
#include "src/kernels/levels.hpp"

namespace alsace {
namespace {

using Vec = __m512;
constexpr std::size_t vec_width = 16;
constexpr std::size_t tile_rows = 8;
constexpr std::size_t tile_vecs = 3;

using Wide = __m512d;

inline Vec broadcast(float value) {
  return _mm512_set1_ps(value);
}
inline Vec fused(Vec a, Vec b, Vec c) {
  return _mm512_fmadd_ps(a, b, c);
}
inline Wide fused(Wide a, Wide b, Wide c) {
  return _mm512_fmadd_pd(a, b, c);
}
inline Vec fused_minus(Vec a, Vec b, Vec c) {
  return _mm512_fnmadd_ps(a, b, c);
}
/// totals[l] += lane l as the nearest whole number, the even one of two.
inline void add_rounded(Wide values, std::int64_t* totals) {
  _mm512_storeu_si512(totals, _mm512_add_epi64(_mm512_loadu_si512(totals), _mm512_cvtpd_epi64(values)));
}

/// Lane i of the result is the sum of the lanes of rows[i]. Halves, then quarters and so on of two rows change places
/// and are added, so that every addition serves 16 sums.
inline Vec sums_of_lanes(const Vec (&rows)[vec_width]) {
  Vec v[vec_width];
  for (std::size_t i = 0; i < 8; ++i)
    v[i] = _mm512_mask_blend_ps(0xff00, rows[i], rows[i + 8]) + _mm512_shuffle_f32x4(rows[i], rows[i + 8], 0x4e);
  for (std::size_t i = 0; i < 4; ++i) {
    const Vec crossed = _mm512_mask_blend_ps(0x0f0f, v[i], v[i + 4]);
    v[i] = _mm512_mask_blend_ps(0xf0f0, v[i], v[i + 4]) + _mm512_shuffle_f32x4(crossed, crossed, 0xb1);
  }
  for (std::size_t i = 0; i < 2; ++i)
    v[i] = _mm512_mask_blend_ps(0xcccc, v[i], v[i + 2]) +
           _mm512_permute_ps(_mm512_mask_blend_ps(0x3333, v[i], v[i + 2]), 0x4e);
  return _mm512_mask_blend_ps(0xaaaa, v[0], v[1]) + _mm512_permute_ps(_mm512_mask_blend_ps(0x5555, v[0], v[1]), 0xb1);
}

#include "src/kernels/loops.inc"

}  // namespace

const KernelTable avx512_kernels = table_of_level("avx512");

}  // namespace alsace
