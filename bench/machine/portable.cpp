// Sixteen bytes: what every processor that this is built for has.
#include "bench/machine/levels.hpp"

namespace alsace::bench {
namespace {

using Lanes = std::uint64_t __attribute__((vector_size(16)));
using Vec = float __attribute__((vector_size(16)));
constexpr std::size_t fma_chains = 10;

Vec broadcast(float value) {
  return Vec{value, value, value, value};
}
Vec fused(Vec a, Vec b, Vec c) {
  return a * b + c;
}

#include "bench/machine/fma.inc"
#include "bench/machine/reads.inc"

}  // namespace

const CommonLoops portable_loops = {fma_loop, 2.0 * fma_chains* fma_width, read_once, gather_rows};

}  // namespace alsace::bench
