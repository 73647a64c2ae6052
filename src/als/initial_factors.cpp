#include "src/als/initial_factors.hpp"

#include <cmath>

namespace alsace {
namespace {

/// SplitMix64 (Steele, Lea & Flood 2014): a stream of 64-bit numbers from any start.
class Stream {
 public:
  explicit Stream(std::uint64_t start) : state_(start) {}
  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
  }
  /// Uniform in (−1, 1), 53 bits, never 0.
  double next_signed() { return (static_cast<double>(next() >> 11U) + 0.5) * 0x1p-52 - 1.0; }

 private:
  std::uint64_t state_;
};

/// ln(x) for x > 0 from +, ·, / alone: the C library's log differs in the last bit between processors. With
/// x = m·2^e and z = (m − 1)/(m + 1), ln m = 2 (z + z³/3 + z⁵/5 + …), |z| ≤ 0.172.
double natural_log(double x) {
  int exponent = 0;
  double m = std::frexp(x, &exponent);
  if (m < 0.70710678118654752) {
    m *= 2;
    --exponent;
  }
  const double z = (m - 1) / (m + 1);
  double series = 0;
  for (int n = 21; n >= 1; n -= 2) series = series * z * z + 1.0 / n;
  return 2 * z * series + exponent * 0.69314718055994531;
}

}  // namespace

void initialize_items(const TrainConfig& config, RowRange range, float* out) {
  const double deviation = config.init_std / std::sqrt(static_cast<double>(config.factors));
  const auto factors = static_cast<std::size_t>(config.factors);
  for (std::uint64_t row = range.begin; row < range.end; ++row) {
    Stream stream(Stream(Stream(config.seed).next() ^ row).next());
    float* values = out + (row - range.begin) * factors;
    for (std::size_t k = 0; k < factors;) {
      // The polar method (Marsaglia & Bray 1964): a point in the unit disc gives two normal values.
      const double a = stream.next_signed();
      const double b = stream.next_signed();
      const double square = a * a + b * b;
      if (square >= 1 || square == 0) continue;
      const double radius = deviation * std::sqrt(-2 * natural_log(square) / square);
      values[k++] = static_cast<float>(a * radius);
      if (k < factors) values[k++] = static_cast<float>(b * radius);
    }
  }
}

}  // namespace alsace
