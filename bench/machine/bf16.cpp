#include <immintrin.h>

#include "bench/machine/levels.hpp"

namespace alsace::bench {

float bf16_loop(std::size_t iterations) {
  __m512 sums[12];
  for (int chain = 0; chain < 12; ++chain) sums[chain] = _mm512_set1_ps(static_cast<float>(chain));
  __m512i left = _mm512_set1_epi16(0x3f01);   // bf16: 0.50390625
  __m512i right = _mm512_set1_epi16(0x3a83);  // bf16: about 0.001
  for (std::size_t i = 0; i < iterations; ++i) {
#pragma GCC unroll 12
    for (__m512& sum : sums) {
      __m512bh a;
      __m512bh b;
      __builtin_memcpy(&a, &left, sizeof a);
      __builtin_memcpy(&b, &right, sizeof b);
      sum = _mm512_dpbf16_ps(sum, a, b);
    }
    __asm__ volatile("" : "+v"(left), "+v"(right));
  }
  __m512 sum = sums[0];
  for (int chain = 1; chain < 12; ++chain) sum = _mm512_add_ps(sum, sums[chain]);
  return _mm512_reduce_add_ps(sum);
}

}  // namespace alsace::bench
