// Scans by vectors of eight int32. Compiled for AVX2 alone: no header but the intrinsics, which are inlined always.
#include <cstddef>
#include <cstdint>

#include <immintrin.h>

#include "src/kernels/scan_levels.hpp"

namespace alsace {
namespace {

using Ints = std::int32_t __attribute__((vector_size(32)));
constexpr std::size_t int_lanes = 8;
constexpr std::uint32_t all_lanes = 0xff;
constexpr std::size_t most_queries = 4;
constexpr std::int32_t code_offset = 0;

constexpr std::size_t steps_of(std::size_t queries) {
  return 4 / queries;
}
constexpr std::size_t groups_of(std::size_t /*queries*/) {
  return 1;
}

/// vpmaddubsw wants one factor without a sign, and adds two products with saturation at 2^15: so the sign of an item's
/// code goes over to the query's, and the sums, at most 2 · 127², stay below.
struct Codes {
  __m256i magnitudes;
  __m256i codes;
};
using Words = __m256i;

inline Codes load_codes(const std::uint8_t* at) {
  const __m256i codes =
      _mm256_xor_si256(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)), _mm256_set1_epi8(-128));
  return {_mm256_abs_epi8(codes), codes};
}
inline Words load_words(const std::int8_t* at) {
  int word = 0;
  __builtin_memcpy(&word, at, sizeof word);
  return _mm256_set1_epi32(word);
}
inline Ints broadcast(std::int32_t value) {
  return reinterpret_cast<Ints>(_mm256_set1_epi32(value));
}
inline Ints add_products(Ints sums, Codes codes, Words words) {
  const __m256i two = _mm256_maddubs_epi16(codes.magnitudes, _mm256_sign_epi8(words, codes.codes));
  return sums + reinterpret_cast<Ints>(_mm256_madd_epi16(two, _mm256_set1_epi16(1)));
}
inline std::uint32_t signs(Ints values) {
  return static_cast<std::uint32_t>(_mm256_movemask_ps(reinterpret_cast<__m256>(values)));
}
inline std::uint32_t float_below(Ints values, const float* biases, float weight, float limit) {
  const __m256 sums =
      _mm256_cvtepi32_ps(reinterpret_cast<__m256i>(values)) + _mm256_loadu_ps(biases) * _mm256_set1_ps(weight);
  return static_cast<std::uint32_t>(_mm256_movemask_ps(_mm256_cmp_ps(sums, _mm256_set1_ps(limit), _CMP_LT_OQ)));
}

#include "src/kernels/scan_loops.inc"

}  // namespace

const ScanKernels avx2_scan{"avx2", most_queries, pack_queries, scan};

}  // namespace alsace
