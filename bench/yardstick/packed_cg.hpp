#pragma once

#include <cstddef>
#include <cstdint>

namespace alsace::bench {

/// One half-sweep of the objective hkv with values of 1, (G + w I + α Σ y yᵀ) x = (1 + α) Σ y, by three steps of
/// conjugate gradients from the row's last x (Takács, Pilászy & Tikk 2011), the way that the fastest public trainers
/// approximate it, without what theirs waste: the fixed rows of a system are gathered once and packed, so that the
/// three products read them from the cache. On one thread, in fp32. What exact solves are measured against.
struct PackedCgJob {
  const std::uint64_t* offsets;  ///< rows + 1
  const std::uint32_t* columns;
  std::size_t rows;
  const float* fixed;  ///< fixed_rows × K, aligned to 64 bytes
  std::size_t fixed_rows;
  float alpha;
  float regularization;
  float* solved;     ///< rows × K, aligned to 64 bytes; the last x on entry
  float* workspace;  ///< packed_cg_workspace(K) floats, aligned to 64 bytes
};

using PackedCg = void (*)(const PackedCgJob&);

/// Rows longer than this are not packed but gathered again in every step.
inline constexpr std::size_t packed_rows = 4096;
/// Rows that the Gramian adds up at once.
inline constexpr std::size_t gramian_rows = 256;

constexpr std::size_t packed_cg_workspace(int factors) {
  const auto k = static_cast<std::size_t>(factors);
  return packed_rows * k + k * k + k;
}

/// The half-sweep for K = 16, 32, 64 or 128 at the best level that this processor runs (AVX-512, else AVX2 with FMA);
/// null for other K, or a processor with neither.
PackedCg packed_cg(int factors);

/// "avx512", "avx2" or "".
const char* packed_cg_level();

}  // namespace alsace::bench
