// src/kernels/scan_tiles.inc over emulated tiles. Compiled for AVX-512 alone, so without any header of the tests.
#include "tests/src/kernels/amx_emulated_scan.hpp"

#include <immintrin.h>

namespace alsace {
namespace {

struct Tile {
  std::uint8_t rows[16][64];
};
// Rubbish at first, as nothing may be read that was not loaded.
thread_local std::int32_t sum_tiles[2][16][16];
thread_local Tile item_tiles[2];
thread_local Tile query_tiles[4];

template <int sums>
void zero_sums() {
  __builtin_memset(sum_tiles[sums], 0, sizeof sum_tiles[sums]);
}
template <int sums>
void store_sums(std::int32_t* to) {
  __builtin_memcpy(to, sum_tiles[sums], sizeof sum_tiles[sums]);
}
template <int items>
void load_items(const std::uint8_t* from) {
  __builtin_memcpy(item_tiles[items].rows, from, sizeof(Tile));
}
template <int queries>
void load_queries(const std::int8_t* from) {
  __builtin_memcpy(query_tiles[queries].rows, from, sizeof(Tile));
}

/// Intel's manual, TDPBSUD: the four products of a dword of signed bytes with one of unsigned bytes are added up.
template <int sums, int queries, int items>
void multiply() {
  for (std::size_t m = 0; m < 16; ++m)
    for (std::size_t k = 0; k < 16; ++k)
      for (std::size_t n = 0; n < 16; ++n)
        for (std::size_t i = 0; i < 4; ++i)
          sum_tiles[sums][m][n] +=
              static_cast<std::int8_t>(query_tiles[queries].rows[m][4 * k + i]) * item_tiles[items].rows[k][4 * n + i];
}

#include "src/kernels/scan_tiles.inc"

}  // namespace

const ScanKernels test::amx_emulated_scan{"amx_emulated", most_queries, pack_queries, scan_on_tiles};

}  // namespace alsace
