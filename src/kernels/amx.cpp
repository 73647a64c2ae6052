// What AMX does with tiles of bf16. Compiled for it alone: no header but the intrinsics, which are inlined always. All
// other functions of this level are those of avx512.
#include <cstddef>
#include <cstdint>

#include <immintrin.h>

#include "src/kernels/chunk.hpp"
#include "src/kernels/levels.hpp"

namespace alsace {
namespace {

#include "src/kernels/avx512_bf16.inc"

// The intrinsics are macros that want a digit for a tile. Sums are tiles 0 to 3, left operands 4 and 5, right ones
// 6, 7.

template <int sums>
inline void load_sums(const float* from, std::size_t row_floats) {
  const std::size_t bytes = row_floats * sizeof(float);
  if constexpr (sums == 0) _tile_loadd(0, from, bytes);
  if constexpr (sums == 1) _tile_loadd(1, from, bytes);
  if constexpr (sums == 2) _tile_loadd(2, from, bytes);
  if constexpr (sums == 3) _tile_loadd(3, from, bytes);
}
template <int sums>
inline void store_sums(float* to, std::size_t row_floats) {
  const std::size_t bytes = row_floats * sizeof(float);
  if constexpr (sums == 0) _tile_stored(0, to, bytes);
  if constexpr (sums == 1) _tile_stored(1, to, bytes);
  if constexpr (sums == 2) _tile_stored(2, to, bytes);
  if constexpr (sums == 3) _tile_stored(3, to, bytes);
}
template <int left>
inline void load_left(const float* from) {
  if constexpr (left == 0) _tile_loadd(4, from, 64);
  if constexpr (left == 1) _tile_loadd(5, from, 64);
}
template <int right>
inline void load_right(const float* from) {
  if constexpr (right == 0) _tile_loadd(6, from, 64);
  if constexpr (right == 1) _tile_loadd(7, from, 64);
}
template <int left, int right>
inline void multiply() {
  if constexpr (left == 0 && right == 0) _tile_dpbf16ps(0, 4, 6);
  if constexpr (left == 0 && right == 1) _tile_dpbf16ps(1, 4, 7);
  if constexpr (left == 1 && right == 0) _tile_dpbf16ps(2, 5, 6);
  if constexpr (left == 1 && right == 1) _tile_dpbf16ps(3, 5, 7);
}

#include "src/kernels/amx_tiles.inc"
#include "src/kernels/tile_config.inc"

}  // namespace

void form_normal_equations_amx(const std::uint16_t* fixed, int factors, const std::uint32_t* columns,
                               const float* weights, const float* targets, std::size_t n, std::size_t coming,
                               float* matrix, float* rhs, float* workspace) {
  // Configured and released in every call, a few dozen cycles beside the thousands of a row: so a thread that ends or
  // sleeps leaves no tile state behind for the system to save.
  _tile_loadconfig(&tile_config);
  form_on_tiles(fixed, factors, columns, weights, targets, n, coming, matrix, rhs, workspace);
  _tile_release();
}

}  // namespace alsace
