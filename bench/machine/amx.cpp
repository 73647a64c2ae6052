// Tile registers: four products of 16 × 16 sums side by side, operands in registers.
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench/machine/levels.hpp"

namespace alsace::bench {
namespace {

struct __attribute__((packed)) TileConfig {
  std::uint8_t palette = 1;
  std::uint8_t start_row = 0;
  std::uint8_t reserved[14] = {};
  std::uint16_t column_bytes[16] = {};
  std::uint8_t rows[16] = {};
};

/// Fills all eight tiles; the operands, tiles 4 to 7, with numbers that are small in bf16 and not zero in int8.
void load_tiles() {
  TileConfig config;
  for (int tile = 0; tile < 8; ++tile) {
    config.column_bytes[tile] = 64;
    config.rows[tile] = 16;
  }
  _tile_loadconfig(&config);
  alignas(64) std::uint16_t numbers[512];
  for (unsigned i = 0; i < 512; ++i) numbers[i] = static_cast<std::uint16_t>(0x3a01U + i % 128U);
  _tile_loadd(4, numbers, 64);
  _tile_loadd(5, numbers, 64);
  _tile_loadd(6, numbers, 64);
  _tile_loadd(7, numbers, 64);
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
}

float first_sum() {
  alignas(64) float sums[256];
  _tile_stored(0, sums, 64);
  _tile_release();
  return sums[0];
}

}  // namespace

bool request_tiles() {
  constexpr long request_permission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr long tile_data = 18;
  return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
}

float amx_int8_loop(std::size_t iterations) {
  load_tiles();
  for (std::size_t i = 0; i < iterations; ++i) {
    _tile_dpbssd(0, 4, 6);
    _tile_dpbssd(1, 4, 7);
    _tile_dpbssd(2, 5, 6);
    _tile_dpbssd(3, 5, 7);
  }
  return first_sum();
}

float amx_bf16_loop(std::size_t iterations) {
  load_tiles();
  for (std::size_t i = 0; i < iterations; ++i) {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  return first_sum();
}

}  // namespace alsace::bench
