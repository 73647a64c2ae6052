#include <immintrin.h>

#include "bench/yardstick/levels.hpp"

namespace alsace::bench {
namespace {

using Vec = __m256;
constexpr std::size_t width = 8;
constexpr std::size_t gram_rows = 4;
constexpr std::size_t gram_vecs = 2;

inline Vec load(const float* from) {
  return _mm256_load_ps(from);
}
inline void store(float* to, Vec vec) {
  _mm256_store_ps(to, vec);
}
inline Vec broadcast(float value) {
  return _mm256_set1_ps(value);
}
inline Vec fused(Vec a, Vec b, Vec c) {
  return _mm256_fmadd_ps(a, b, c);
}
inline float sum_of(Vec vec) {
  const __m128 half = _mm_add_ps(_mm256_castps256_ps128(vec), _mm256_extractf128_ps(vec, 1));
  const __m128 pair = _mm_add_ps(half, _mm_movehl_ps(half, half));
  return _mm_cvtss_f32(_mm_add_ss(pair, _mm_shuffle_ps(pair, pair, 1)));
}

#include "bench/yardstick/packed_cg.inc"

}  // namespace

PackedCg packed_cg_avx2(int factors) {
  return for_factors(factors);
}

}  // namespace alsace::bench
