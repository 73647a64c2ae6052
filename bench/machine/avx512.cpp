#include <immintrin.h>

#include "bench/machine/levels.hpp"

namespace alsace::bench {
namespace {

using Lanes = std::uint64_t __attribute__((vector_size(64)));
using Vec = __m512;
constexpr std::size_t fma_chains = 12;

Vec broadcast(float value) {
  return _mm512_set1_ps(value);
}
Vec fused(Vec a, Vec b, Vec c) {
  return _mm512_fmadd_ps(a, b, c);
}

#include "bench/machine/fma.inc"
#include "bench/machine/reads.inc"

}  // namespace

const CommonLoops avx512_loops = {fma_loop, 2.0 * fma_chains* fma_width, read_once, gather_rows};

}  // namespace alsace::bench
