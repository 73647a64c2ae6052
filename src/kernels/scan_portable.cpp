// Scans by vectors of four int32, which every 64-bit processor has.
#include <cstddef>
#include <cstdint>

#include "src/kernels/scan_levels.hpp"

namespace alsace {
namespace {

using Ints = std::int32_t __attribute__((vector_size(16)));
using Shorts = std::int16_t __attribute__((vector_size(16)));
constexpr std::size_t int_lanes = 4;
constexpr std::uint32_t all_lanes = 0xf;
constexpr std::size_t most_queries = 2;
constexpr std::int32_t code_offset = 0;

constexpr std::size_t steps_of(std::size_t /*queries*/) {
  return 1;
}
constexpr std::size_t groups_of(std::size_t /*queries*/) {
  return 1;
}

/// The codes of a lane as two and two int16: the first and third, and the second and fourth.
struct Pairs {
  Shorts even;
  Shorts odd;
};
using Codes = Pairs;
using Words = Pairs;

inline Pairs pairs_of(Ints bytes) {
  const auto shorts = reinterpret_cast<Shorts>(bytes);
  return {(shorts << 8) >> 8, shorts >> 8};
}
inline Codes load_codes(const std::uint8_t* at) {
  Ints bytes;
  __builtin_memcpy(&bytes, at, sizeof bytes);
  return pairs_of(bytes ^ static_cast<std::int32_t>(0x80808080U));
}
inline Ints broadcast(std::int32_t value) {
  return Ints{value, value, value, value};
}
inline Words load_words(const std::int8_t* at) {
  std::int32_t word = 0;
  __builtin_memcpy(&word, at, sizeof word);
  return pairs_of(broadcast(word));
}
/// Two products of codes within ±127 stay below 2^15.
inline Ints add_products(Ints sums, Codes codes, Words words) {
  const auto two = reinterpret_cast<Ints>(codes.even * words.even + codes.odd * words.odd);
  return sums + ((two << 16) >> 16) + (two >> 16);
}
inline std::uint32_t signs(Ints values) {
  std::uint32_t mask = 0;
  for (std::size_t l = 0; l < int_lanes; ++l) mask |= (static_cast<std::uint32_t>(values[l]) >> 31) << l;
  return mask;
}
inline std::uint32_t float_below(Ints values, const float* biases, float weight, float limit) {
  std::uint32_t mask = 0;
  for (std::size_t l = 0; l < int_lanes; ++l)
    mask |= static_cast<std::uint32_t>(static_cast<float>(values[l]) + biases[l] * weight < limit) << l;
  return mask;
}

#include "src/kernels/scan_loops.inc"

}  // namespace

const ScanKernels portable_scan{"portable", most_queries, pack_queries, scan};

}  // namespace alsace
