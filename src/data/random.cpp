#include "src/data/random.hpp"

#include <cmath>

namespace alsace {
namespace {

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

double RandomStream::normal() {
  for (;;) {
    const double a = 2 * uniform() - 1;
    const double b = 2 * uniform() - 1;
    const double square = a * a + b * b;
    if (square < 1 && square > 0) return a * std::sqrt(-2 * natural_log(square) / square);
  }
}

}  // namespace alsace
