#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

/// Loops that do nothing but use one part of the machine as hard as it can be used: what kernels are held against. Each
/// instruction set has a translation unit of its own; what this processor does not run is left out at run time.
namespace alsace::bench {

/// A loop on registers alone. The operands are not zero (AMX on zeros is twice as fast as on numbers), and the result
/// depends on all of them.
struct PeakLoop {
  std::string name;   ///< "fp32 FMA, avx512"
  std::string group;  ///< what it computes: "fp32", "bf16", "int8"
  double operations;  ///< additions and multiplications of one iteration
  float (*run)(std::size_t iterations);
};
/// Those that this processor runs, of each group the slower instruction set first.
std::vector<PeakLoop> peak_loops();

/// Reads `bytes` (a multiple of 256) once, in order. Returns something that depends on all of it.
std::uint64_t read_once(const void* data, std::size_t bytes);

/// Reads `count` rows of `row_bytes` (a multiple of 64) that `indices` names, in that order, prefetching rows ahead:
/// the time that the memory system needs to gather what a half-sweep needs, with nothing done to it.
std::uint64_t gather_rows(const void* rows, std::size_t row_bytes, const std::uint32_t* indices, std::size_t count);

}  // namespace alsace::bench
