// src/kernels/amx_tiles.inc over emulated tiles. Compiled for AVX-512 BF16 alone, so without any header of the tests.
#include "tests/src/kernels/amx_emulated.hpp"

#include <immintrin.h>

#include "src/kernels/chunk.hpp"
#include "src/kernels/kernel_table.hpp"

namespace alsace {
namespace {

#include "src/kernels/avx512_bf16.inc"

struct Tile {
  float rows[16][16];
};
// Eight registers. Rubbish at first, as nothing may be read that was not loaded.
thread_local Tile sum_tiles[4];
thread_local Tile left_tiles[2];
thread_local Tile right_tiles[2];

void load_tile(Tile& tile, const float* from, std::size_t row_floats) {
  for (std::size_t r = 0; r < 16; ++r) __builtin_memcpy(tile.rows[r], from + r * row_floats, sizeof tile.rows[r]);
}

template <int sums>
void load_sums(const float* from, std::size_t row_floats) {
  load_tile(sum_tiles[sums], from, row_floats);
}
template <int sums>
void store_sums(float* to, std::size_t row_floats) {
  const Tile& tile = sum_tiles[sums];
  for (std::size_t r = 0; r < 16; ++r) __builtin_memcpy(to + r * row_floats, tile.rows[r], sizeof tile.rows[r]);
}
template <int left>
void load_left(const float* from) {
  load_tile(left_tiles[left], from, 16);
}
template <int right>
void load_right(const float* from) {
  load_tile(right_tiles[right], from, 16);
}

/// The earlier (0) or later (1) bf16 of a pair.
float half_of(float pair, unsigned int which) {
  std::uint32_t bits = 0;
  __builtin_memcpy(&bits, &pair, sizeof bits);
  bits = which == 0 ? bits << 16 : bits & 0xffff0000U;
  float value = 0;
  __builtin_memcpy(&value, &bits, sizeof value);
  return value;
}

/// Intel's manual, TDPBF16PS: both halves are summed over the pairs apart, then added, then added to the sums.
template <int left, int right>
void multiply() {
  for (std::size_t m = 0; m < 16; ++m)
    for (std::size_t n = 0; n < 16; ++n) {
      float partial[2] = {};
      for (std::size_t k = 0; k < 16; ++k)
        for (unsigned int half = 0; half < 2; ++half)
          partial[half] += half_of(left_tiles[left].rows[m][k], half) * half_of(right_tiles[right].rows[k][n], half);
      sum_tiles[2 * left + right].rows[m][n] += partial[0] + partial[1];
    }
}

#include "src/kernels/amx_tiles.inc"

}  // namespace

void test::form_normal_equations_amx_emulated(const std::uint16_t* fixed, int factors, const std::uint32_t* columns,
                                              const float* weights, const float* targets, std::size_t n,
                                              std::size_t coming, float* matrix, float* rhs, float* workspace) {
  form_on_tiles(fixed, factors, columns, weights, targets, n, coming, matrix, rhs, workspace);
}

}  // namespace alsace
