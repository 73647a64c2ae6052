#include "src/ranking/quantization.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "src/ranking/principal_basis.hpp"

namespace alsace {
namespace {

double step_down(double value) {
  return std::nextafter(value, -std::numeric_limits<double>::infinity());
}

/// As std::nearbyint, for values below 2^51, without a call: the sum has no room for a fraction.
double nearest_whole(double value) {
  constexpr double no_fraction = 0x1.8p52;
  return (value + no_fraction) - no_fraction;
}

struct Sums {
  double squares = 0;
  double rest_squares = 0;
  double code_squares = 0;
  double codes = 0;
  Sums& operator+=(const Sums& other) {
    squares += other.squares;
    rest_squares += other.rest_squares;
    code_squares += other.code_squares;
    codes += other.codes;
    return *this;
  }
};

template <class Number>
Number largest_of(std::span<const Number> row) {
  Number largest = 0;
  for (const Number value : row) largest = std::max(largest, std::fabs(value));
  return largest;
}

template <class Number>
QuantizedRow quantize_any(std::span<const Number> row, double scale, std::int8_t* codes) {
  const double inverse = 1 / scale;
  Sums sums[4];  // of every fourth element, so that additions need not wait for each other
  for (std::size_t k = 0; k < row.size(); ++k) {
    const auto value = static_cast<double>(row[k]);
    const double code = nearest_whole(std::clamp(value * inverse, -127.0, 127.0));
    const double rest = value - scale * code;
    codes[k] = static_cast<std::int8_t>(code);
    Sums& sum = sums[k % 4];
    sum.squares += value * value;
    sum.rest_squares += rest * rest;
    sum.code_squares += code * code;
    sum.codes += code;
  }
  Sums all;
  for (const Sums& sum : sums) all += sum;
  QuantizedRow quantized;
  quantized.norm = std::sqrt(all.squares) * enlarged;
  quantized.rest = std::sqrt(all.rest_squares) * enlarged + 0x1p-50 * quantized.norm;
  quantized.code_norm = std::sqrt(all.code_squares) * enlarged;
  quantized.code_sum = static_cast<std::int32_t>(all.codes);
  return quantized;
}

/// Takes K · 2^-149 off.
double without_underflow(double least, int factors) {
  return step_down(least - factors * 0x1p-149);
}

}  // namespace

float largest_magnitude(std::span<const float> row) {
  return largest_of(row);
}

double largest_magnitude(std::span<const double> row) {
  return largest_of(row);
}

double unit_of(double value) {
  return value == 0 ? 1 : std::ldexp(1.0, std::ilogb(value));
}

QuantizedRow quantize(std::span<const float> row, double scale, std::int8_t* codes) {
  return quantize_any(row, scale, codes);
}

QuantizedRow quantize(std::span<const double> row, double scale, std::int8_t* codes) {
  return quantize_any(row, scale, codes);
}

double length_of(std::span<const float> row) {
  double squares[4] = {};  // of every fourth element, so that additions need not wait for each other
  for (std::size_t k = 0; k < row.size(); ++k) squares[k % 4] += static_cast<double>(row[k]) * row[k];
  return std::sqrt((squares[0] + squares[1]) + (squares[2] + squares[3]));
}

double length_of_codes(std::span<const std::int8_t> codes) {
  std::int32_t squares = 0;
  for (const std::int8_t code : codes) squares += code * code;
  return std::sqrt(static_cast<double>(squares)) * enlarged;
}

double summation_error(int factors) {
  const int passed = (factors + 15) / 16 + 4;
  const double roundings = passed * 0x1p-24;
  return roundings / (1 - roundings) * enlarged;
}

double most_inner_product(double query_norm, double item_norm, int factors) {
  return (query_norm * item_norm * (1 + summation_error(factors)) + factors * 0x1p-149) * enlarged;
}

QuantizedQuery quantize_query(std::span<const double> row, const PrincipalBasis& basis, const ItemUnits& units,
                              std::int8_t* codes) {
  double scale = largest_magnitude(row) / 127;
  scale = std::max(scale, units.biases / units.factors * 0x1p-40);
  if (scale == 0) scale = 1;
  const QuantizedRow quantized = quantize(row, scale, codes);
  const auto principal = static_cast<std::size_t>(basis.principal());
  const std::span<const std::int8_t> tail(codes + principal, row.size() - principal);
  const std::int32_t tail_sum = std::accumulate(tail.begin(), tail.end(), std::int32_t{0});
  QuantizedQuery query;
  query.norm = quantized.norm / (1 - basis.error()) * enlarged;
  query.level = 1 / (scale * units.factors);
  query.norm_part = static_cast<float>(query.norm / scale);
  query.rest_part = static_cast<float>(quantized.rest / scale);
  query.bias_weight = static_cast<float>(units.biases / (scale * units.factors));
  query.tail_part = static_cast<float>(length_of_codes(tail));
  query.shift = 128 * quantized.code_sum;
  query.principal_shift = 128 * (quantized.code_sum - tail_sum);
  return query;
}

double least_inner_product(float threshold, int factors) {
  return without_underflow(static_cast<double>(threshold), factors);
}

double least_biased_inner_product(float threshold, double offset, int factors) {
  const float below = std::nextafter(threshold, -std::numeric_limits<float>::infinity());
  return without_underflow(step_down(static_cast<double>(below) - offset), factors);
}

float scan_level(double least, const QuantizedQuery& query) {
  constexpr double most = 0x1p60;
  return static_cast<float>(std::clamp(least * query.level, -most, most));
}

}  // namespace alsace
