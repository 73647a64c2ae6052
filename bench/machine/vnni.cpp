#include <immintrin.h>

#include "bench/machine/levels.hpp"

namespace alsace::bench {

float vnni_loop(std::size_t iterations) {
  __m512i sums[12];
  for (int chain = 0; chain < 12; ++chain) sums[chain] = _mm512_set1_epi32(chain);
  __m512i unsigned_bytes = _mm512_set1_epi8(3);
  __m512i signed_bytes = _mm512_set1_epi8(-1);
  for (std::size_t i = 0; i < iterations; ++i) {
#pragma GCC unroll 12
    for (__m512i& sum : sums) sum = _mm512_dpbusd_epi32(sum, unsigned_bytes, signed_bytes);
    __asm__ volatile("" : "+v"(unsigned_bytes), "+v"(signed_bytes));
  }
  __m512i sum = sums[0];
  for (int chain = 1; chain < 12; ++chain) sum = _mm512_add_epi32(sum, sums[chain]);
  return static_cast<float>(_mm512_reduce_add_epi32(sum));
}

}  // namespace alsace::bench
