#include <immintrin.h>

#include "bench/yardstick/levels.hpp"

namespace alsace::bench {
namespace {

using Vec = __m512;
constexpr std::size_t width = 16;
constexpr std::size_t gram_rows = 8;
constexpr std::size_t gram_vecs = 3;

inline Vec load(const float* from) {
  return _mm512_load_ps(from);
}
inline void store(float* to, Vec vec) {
  _mm512_store_ps(to, vec);
}
inline Vec broadcast(float value) {
  return _mm512_set1_ps(value);
}
inline Vec fused(Vec a, Vec b, Vec c) {
  return _mm512_fmadd_ps(a, b, c);
}
inline float sum_of(Vec vec) {
  return _mm512_reduce_add_ps(vec);
}

#include "bench/yardstick/packed_cg.inc"

}  // namespace

PackedCg packed_cg_avx512(int factors) {
  return for_factors(factors);
}

}  // namespace alsace::bench
