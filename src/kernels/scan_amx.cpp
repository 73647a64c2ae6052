// Scans by tiles of int8. Compiled for AMX alone: no header but the intrinsics, which are inlined always. Fewer queries
// than half a tile are for avx512_vnni.
#include <cstddef>
#include <cstdint>

#include <immintrin.h>

#include "src/kernels/scan_levels.hpp"

namespace alsace {
namespace {

// The intrinsics are macros that want a digit for a tile. Sums are tiles 0 and 1, items 2 and 3, queries 4 to 7.

template <int sums>
inline void zero_sums() {
  if constexpr (sums == 0) _tile_zero(0);
  if constexpr (sums == 1) _tile_zero(1);
}
template <int sums>
inline void store_sums(std::int32_t* to) {
  if constexpr (sums == 0) _tile_stored(0, to, 64);
  if constexpr (sums == 1) _tile_stored(1, to, 64);
}
template <int items>
inline void load_items(const std::uint8_t* from) {
  if constexpr (items == 0) _tile_loadd(2, from, 64);
  if constexpr (items == 1) _tile_loadd(3, from, 64);
}
template <int queries>
inline void load_queries(const std::int8_t* from) {
  if constexpr (queries == 0) _tile_loadd(4, from, 64);
  if constexpr (queries == 1) _tile_loadd(5, from, 64);
  if constexpr (queries == 2) _tile_loadd(6, from, 64);
  if constexpr (queries == 3) _tile_loadd(7, from, 64);
}
/// The signed codes of queries times the unsigned ones of items.
template <int sums, int queries, int items>
inline void multiply() {
  if constexpr (sums == 0 && queries == 0 && items == 0) _tile_dpbsud(0, 4, 2);
  if constexpr (sums == 0 && queries == 1 && items == 1) _tile_dpbsud(0, 5, 3);
  if constexpr (sums == 1 && queries == 2 && items == 0) _tile_dpbsud(1, 6, 2);
  if constexpr (sums == 1 && queries == 3 && items == 1) _tile_dpbsud(1, 7, 3);
}

#include "src/kernels/scan_tiles.inc"
#include "src/kernels/tile_config.inc"

std::size_t scan(const ScanItems& items, std::size_t groups, const ScanQueries& queries, std::size_t count,
                 Survivor* out) {
  // Configured and released in every call, so that no thread leaves tile state behind.
  _tile_loadconfig(&tile_config);
  const std::size_t survivors = scan_on_tiles(items, groups, queries, count, out);
  _tile_release();
  return survivors;
}

}  // namespace

const ScanKernels amx_int8_scan{"amx_int8", most_queries, pack_queries, scan};

}  // namespace alsace
