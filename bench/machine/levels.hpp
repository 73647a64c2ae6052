#pragma once

#include <cstddef>
#include <cstdint>

/// One table a translation unit; to be reached through loops.hpp alone.
namespace alsace::bench {

/// What every instruction set with floats has.
struct CommonLoops {
  float (*fma)(std::size_t iterations);
  double fma_operations;  ///< of one iteration
  std::uint64_t (*read_once)(const void* data, std::size_t bytes);
  std::uint64_t (*gather_rows)(const void* rows, std::size_t row_bytes, const std::uint32_t* indices,
                               std::size_t count);
};
extern const CommonLoops portable_loops;

#ifdef ALSACE_X86_KERNELS
extern const CommonLoops avx2_loops;
extern const CommonLoops avx512_loops;

/// Integer and bf16 instructions that come one by one.
float vnni_loop(std::size_t iterations);
float bf16_loop(std::size_t iterations);
float amx_int8_loop(std::size_t iterations);
float amx_bf16_loop(std::size_t iterations);
/// Asks the system for the tile registers, once a process; false where it does not give them.
bool request_tiles();
inline constexpr double vnni_operations = 12.0 * 64 * 2;
inline constexpr double bf16_operations = 12.0 * 32 * 2;
inline constexpr double amx_int8_operations = 4.0 * 16 * 16 * 64 * 2;
inline constexpr double amx_bf16_operations = 4.0 * 16 * 16 * 32 * 2;
#endif

}  // namespace alsace::bench
