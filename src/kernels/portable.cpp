// Vectors of four floats, which every 64-bit processor has.
#include <cstddef>
#include <cstdint>

#include "src/kernels/chunk.hpp"
#include "src/kernels/levels.hpp"

namespace alsace {
namespace {

using Vec = float __attribute__((vector_size(16)));
constexpr std::size_t vec_width = 4;
constexpr std::size_t tile_rows = 4;
constexpr std::size_t tile_vecs = 2;

using Wide = double __attribute__((vector_size(sizeof(Vec))));

inline Vec broadcast(float value) {
  return Vec{value, value, value, value};
}
inline Vec fused(Vec a, Vec b, Vec c) {
  return a * b + c;
}
inline Wide fused(Wide a, Wide b, Wide c) {
  return a * b + c;
}
inline Vec fused_minus(Vec a, Vec b, Vec c) {
  return c - a * b;
}

#include "src/kernels/lane_by_lane.inc"
// what uses it:
#include "src/kernels/loops.inc"

}  // namespace

const KernelTable portable_kernels = table_of_level("portable");

}  // namespace alsace
