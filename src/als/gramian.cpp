#include "src/als/gramian.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <omp.h>

#include "src/als/exact_scale.hpp"

namespace alsace {
namespace {

// A tile of the block sum: 4 × 4 doubles in registers, two to a vector on every x86-64.
using Pair = double __attribute__((vector_size(16)));
constexpr std::size_t pair_width = 2;
constexpr std::size_t tile = 4;
constexpr std::size_t tile_pairs = tile / pair_width;
/// 64 rows of 4 columns, row after row: what one tile reads of either operand lies together.
constexpr std::size_t panel_pairs = block_rows * tile_pairs;

/// One thread's share: the integers that it adds, and the block that it works on.
struct Accumulator {
  std::vector<std::int64_t> totals;  ///< padded K × padded K, lower tiles
  std::vector<Pair> block;           ///< padded K / 4 panels
};

/// The largest sum of squares that a block has in each column; infinity where a number is not finite.
std::vector<double> largest_diagonals(const float* rows, std::uint64_t count, std::size_t factors, int threads) {
  const auto blocks = static_cast<std::int64_t>(blocks_of(count));
  std::vector<std::vector<double>> largest(static_cast<std::size_t>(threads), std::vector<double>(factors, 0.0));
  std::vector<std::vector<double>> scratch = largest;
#pragma omp parallel num_threads(threads)
  {
    const auto thread = static_cast<std::size_t>(omp_get_thread_num());
    double* const mine = largest[thread].data();
    double* const sums = scratch[thread].data();
#pragma omp for schedule(static)
    for (std::int64_t block = 0; block < blocks; ++block) {
      const std::uint64_t begin = static_cast<std::uint64_t>(block) * block_rows;
      const std::uint64_t end = std::min(begin + block_rows, count);
      std::fill_n(sums, factors, 0.0);
      for (std::uint64_t row = begin; row < end; ++row) {
        const float* y = rows + row * factors;
        for (std::size_t k = 0; k < factors; ++k) sums[k] += static_cast<double>(y[k]) * static_cast<double>(y[k]);
      }
      for (std::size_t k = 0; k < factors; ++k) mine[k] = std::max(mine[k], magnitude(sums[k]));
    }
  }
  for (const auto& other : largest)
    for (std::size_t k = 0; k < factors; ++k) largest[0][k] = std::max(largest[0][k], other[k]);
  return largest[0];
}

/// Copies up to 64 rows as doubles into panels, zeros where there is no number.
void load_block(const float* rows, std::size_t count, std::size_t factors, std::size_t padded, Pair* block) {
  for (std::size_t row = 0; row < block_rows; ++row)
    for (std::size_t k = 0; k < padded; ++k) {
      const double value = row < count && k < factors ? static_cast<double>(rows[row * factors + k]) : 0.0;
      block[k / tile * panel_pairs + row * tile_pairs + k % tile / pair_width][k % pair_width] = value;
    }
}

/// Sums one tile of a block in row order, scales, rounds and adds it to `totals` (rows of `padded`).
/// scale_ij = left_scales[i] · right_scales[j]; both are powers of two, so the product rounds nothing.
void add_tile(const Pair* left, const Pair* right, const double* left_scales, const double* right_scales,
              std::size_t padded, std::int64_t* totals) {
  Pair sums[tile][tile_pairs] = {};
  for (std::size_t row = 0; row < block_rows; ++row, left += tile_pairs, right += tile_pairs)
    for (std::size_t r = 0; r < tile; ++r) {
      const double factor = left[r / pair_width][r % pair_width];
      for (std::size_t c = 0; c < tile_pairs; ++c) sums[r][c] += factor * right[c];
    }
  for (std::size_t r = 0; r < tile; ++r)
    for (std::size_t c = 0; c < tile; ++c)
      totals[r * padded + c] += std::llrint(sums[r][c / pair_width][c % pair_width] * left_scales[r] * right_scales[c]);
}

}  // namespace

GramMatrix gramian(const float* rows, std::uint64_t count, int factors, std::uint64_t total_rows, int threads,
                   Reducer& reducer, const char* what) {
  const auto k = static_cast<std::size_t>(factors);
  const std::size_t padded = (k + tile - 1) / tile * tile;

  std::vector<double> largest = largest_diagonals(rows, count, k, threads);
  reducer.max(largest);
  throw_if_not_finite(largest, what);

  // Half of the bits to each side of a product: d_i = 2^⌈e/2⌉ with e the exponent above the largest diagonal value, so
  // that |block sum_ij| ≤ d_i d_j (Cauchy-Schwarz). One bit is lost where the number of bits is odd.
  const int half_bits = bits_of_a_block(total_rows) / 2;
  std::vector<double> scales(padded, 0.0);
  for (std::size_t i = 0; i < k; ++i) {
    const int exponent = exponent_above(largest[i]);
    scales[i] = power_of_two(half_bits - (exponent >= 0 ? (exponent + 1) / 2 : -(-exponent / 2)));
  }

  std::vector<Accumulator> accumulators(static_cast<std::size_t>(threads));
  for (Accumulator& mine : accumulators) {
    mine.totals.assign(padded * padded, 0);
    mine.block.resize(block_rows * padded / pair_width);
  }
  const auto blocks = static_cast<std::int64_t>(blocks_of(count));
#pragma omp parallel num_threads(threads)
  {
    Accumulator& mine = accumulators[static_cast<std::size_t>(omp_get_thread_num())];
#pragma omp for schedule(static)
    for (std::int64_t block = 0; block < blocks; ++block) {
      const std::uint64_t begin = static_cast<std::uint64_t>(block) * block_rows;
      load_block(rows + begin * k, std::min(block_rows, count - begin), k, padded, mine.block.data());
      const Pair* panels = mine.block.data();
      for (std::size_t i = 0; i < padded; i += tile)
        for (std::size_t j = 0; j <= i; j += tile)
          add_tile(panels + i / tile * panel_pairs, panels + j / tile * panel_pairs, &scales[i], &scales[j], padded,
                   &mine.totals[i * padded + j]);
    }
  }

  std::vector<std::int64_t> totals;  // the lower triangle, row by row
  totals.reserve(k * (k + 1) / 2);
  for (std::size_t i = 0; i < k; ++i)
    for (std::size_t j = 0; j <= i; ++j) {
      std::int64_t total = 0;
      for (const Accumulator& mine : accumulators) total += mine.totals[i * padded + j];
      totals.push_back(total);
    }
  reducer.sum(totals);

  GramMatrix result(factors, factors);
  std::size_t at = 0;
  for (std::size_t i = 0; i < k; ++i)
    for (std::size_t j = 0; j <= i; ++j, ++at) {
      const double value = static_cast<double>(totals[at]) / scales[i] / scales[j];
      result(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j)) = value;
      result(static_cast<Eigen::Index>(j), static_cast<Eigen::Index>(i)) = value;
    }
  return result;
}

}  // namespace alsace
