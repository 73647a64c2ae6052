#pragma once

#include <cstdint>

namespace alsace {

/// A bijection of 64 bits that leaves no pattern: the finalizer of SplitMix64 (Steele, Lea & Flood 2014).
constexpr std::uint64_t mix_bits(std::uint64_t x) {
  x ^= x >> 30;
  x *= 0xbf58476d1ce4e5b9U;
  x ^= x >> 27;
  x *= 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

/// Random numbers of one (seed, stream, index): the same wherever and in whatever order the indices are visited, so
/// that what is drawn for a row depends on the row alone. SplitMix64; 8 bytes; copies go on independently.
class RandomStream {
 public:
  constexpr RandomStream(std::uint64_t seed, std::uint64_t stream, std::uint64_t index)
      : state_(mix_bits(mix_bits(mix_bits(seed + step) ^ stream) + index)) {}

  constexpr std::uint64_t next() { return mix_bits(state_ += step); }

  /// In [0, 1), 53 bits.
  constexpr double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }

  /// An integer in [0, bound), bound > 0; the bias is below bound / 2^53.
  constexpr std::uint64_t below(std::uint64_t bound) {
    return static_cast<std::uint64_t>(uniform() * static_cast<double>(bound));
  }

  /// Standard normal, by the polar method (Marsaglia & Bray 1964): a random point of the unit disc, of which one
  /// coordinate is used. From +, ·, / and roots alone, so that every processor gives the same bits.
  double normal();

 private:
  static constexpr std::uint64_t step = 0x9e3779b97f4a7c15U;
  std::uint64_t state_;
};

}  // namespace alsace
