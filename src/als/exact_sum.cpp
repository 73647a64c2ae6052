#include "src/als/exact_sum.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "src/als/exact_scale.hpp"
#include "src/error.hpp"

namespace alsace {

void LocalReducer::max(std::span<double>) {}
void LocalReducer::sum(std::span<std::int64_t>) {}

int bits_of_a_block(std::uint64_t total_rows) {
  int log2_blocks = 0;
  while (log2_blocks < 62 && (std::uint64_t{1} << log2_blocks) < blocks_of(total_rows)) ++log2_blocks;
  return 62 - log2_blocks;
}

int exponent_above(double value) {
  if (value == 0) return 0;
  int exponent = 0;
  std::frexp(value, &exponent);
  return exponent;
}

double power_of_two(int exponent) {
  return std::ldexp(1.0, std::min(exponent, std::numeric_limits<double>::max_exponent - 1));
}

void throw_if_not_finite(std::span<const double> maxima, const char* what) {
  for (const double maximum : maxima)
    if (!std::isfinite(maximum))
      throw numerics_error(fmt::format("{}: sum = {}, expected a finite number", what, maximum));
}

double exact_sum(std::span<const double> values, std::uint64_t total_rows, Reducer& reducer, const char* what) {
  return exact_sums(values, 1, total_rows, reducer, what)[0];
}

std::vector<double> exact_sums(std::span<const double> values, std::size_t width, std::uint64_t total_rows,
                               Reducer& reducer, const char* what) {
  ALSACE_CHECK(width > 0 && values.size() % width == 0, fmt::format("size = {}, width = {}", values.size(), width));
  const std::size_t rows = values.size() / width;
  const std::size_t blocks = static_cast<std::size_t>(blocks_of(rows));

  std::vector<double> block_sums(blocks * width, 0.0);
  for (std::size_t row = 0; row < rows; ++row) {
    double* sums = &block_sums[row / block_rows * width];
    for (std::size_t j = 0; j < width; ++j) sums[j] += values[row * width + j];
  }

  std::vector<double> maxima(width, 0.0);
  for (std::size_t i = 0; i < block_sums.size(); ++i)
    maxima[i % width] = std::max(maxima[i % width], magnitude(block_sums[i]));
  reducer.max(maxima);
  throw_if_not_finite(maxima, what);

  std::vector<double> scales(width);
  for (std::size_t j = 0; j < width; ++j)
    scales[j] = power_of_two(bits_of_a_block(total_rows) - exponent_above(maxima[j]));
  std::vector<std::int64_t> totals(width, 0);
  for (std::size_t i = 0; i < block_sums.size(); ++i)
    totals[i % width] += std::llrint(block_sums[i] * scales[i % width]);
  reducer.sum(totals);

  std::vector<double> sums(width);
  for (std::size_t j = 0; j < width; ++j) sums[j] = static_cast<double>(totals[j]) / scales[j];
  return sums;
}

}  // namespace alsace
