#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <span>

namespace alsace {

/// The parts that exact_sum and gramian share: how block sums become integers. See exact_sum.hpp for why.

/// Bits that the scaled sum of one block may take so that all blocks of `total_rows` add up to at most 2^62.
int bits_of_a_block(std::uint64_t total_rows);

/// The smallest e with |value| < 2^e; 0 for zero.
int exponent_above(double value);

/// 2^exponent, at most the largest power of two that a double holds.
double power_of_two(int exponent);

/// |value|, or infinity for a NaN, so that a maximum over ranks shows on every rank that one of them met a NaN.
inline double magnitude(double value) {
  return std::isnan(value) ? std::numeric_limits<double>::infinity() : std::fabs(value);
}

/// Throws ErrorKind::numerics naming `what` unless all maxima are finite.
void throw_if_not_finite(std::span<const double> maxima, const char* what);

}  // namespace alsace
