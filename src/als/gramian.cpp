#include "src/als/gramian.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <omp.h>

#include "src/aligned_array.hpp"
#include "src/als/exact_scale.hpp"
#include "src/kernels/chunk.hpp"

namespace alsace {
namespace {

static_assert(block_rows == gram_block_rows, "the kernels sum the blocks that exact_sum deals with");

/// One thread's share.
struct Accumulator {
  std::vector<double> largest;       ///< K: the largest sum of squares of its blocks, infinity where not finite
  std::vector<double> squares;       ///< K: of one block
  AlignedArray<double> workspace;    ///< of add_gram_block
  std::vector<std::int64_t> totals;  ///< P × P, upper triangle
};

/// Calls `work(accumulator, first row, rows)` for all blocks of `count` rows.
template <typename Work>
void for_each_block(std::vector<Accumulator>& accumulators, std::uint64_t count, const Work& work) {
  const auto blocks = static_cast<std::int64_t>(blocks_of(count));
#pragma omp parallel num_threads(static_cast <int>(accumulators.size()))
  {
    Accumulator& mine = accumulators[static_cast<std::size_t>(omp_get_thread_num())];
#pragma omp for schedule(static)
    for (std::int64_t block = 0; block < blocks; ++block) {
      const std::uint64_t begin = static_cast<std::uint64_t>(block) * block_rows;
      work(mine, begin, static_cast<std::size_t>(std::min(block_rows, count - begin)));
    }
  }
}

}  // namespace

GramMatrix gramian(const KernelTable& kernels, const float* rows, std::uint64_t count, int factors,
                   std::uint64_t total_rows, int threads, Reducer& reducer, const char* what) {
  const auto k = static_cast<std::size_t>(factors);
  const std::size_t padded = padded_factors(factors);
  std::vector<Accumulator> accumulators;
  accumulators.reserve(static_cast<std::size_t>(threads));
  for (int thread = 0; thread < threads; ++thread)
    accumulators.push_back({std::vector<double>(k), std::vector<double>(k), AlignedArray<double>(block_rows * padded),
                            std::vector<std::int64_t>(padded * padded)});

  for_each_block(accumulators, count, [&](Accumulator& mine, std::uint64_t begin, std::size_t rows_of_block) {
    std::fill(mine.squares.begin(), mine.squares.end(), 0.0);
    kernels.add_block_squares(rows + begin * k, rows_of_block, factors, mine.squares.data());
    for (std::size_t i = 0; i < k; ++i) mine.largest[i] = std::max(mine.largest[i], magnitude(mine.squares[i]));
  });
  std::vector<double> largest(k, 0.0);
  for (const Accumulator& each : accumulators)
    for (std::size_t i = 0; i < k; ++i) largest[i] = std::max(largest[i], each.largest[i]);
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

  for_each_block(accumulators, count, [&](Accumulator& mine, std::uint64_t begin, std::size_t rows_of_block) {
    kernels.add_gram_block(rows + begin * k, rows_of_block, factors, scales.data(), mine.totals.data(),
                           mine.workspace.data());
  });

  std::vector<std::int64_t> totals;  // the upper triangle, row by row
  totals.reserve(k * (k + 1) / 2);
  for (std::size_t i = 0; i < k; ++i)
    for (std::size_t j = i; j < k; ++j) {
      std::int64_t total = 0;
      for (const Accumulator& mine : accumulators) total += mine.totals[i * padded + j];
      totals.push_back(total);
    }
  reducer.sum(totals);

  GramMatrix result(factors, factors);
  std::size_t at = 0;
  for (std::size_t i = 0; i < k; ++i)
    for (std::size_t j = i; j < k; ++j, ++at) {
      const double value = static_cast<double>(totals[at]) / scales[i] / scales[j];
      result(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j)) = value;
      result(static_cast<Eigen::Index>(j), static_cast<Eigen::Index>(i)) = value;
    }
  return result;
}

}  // namespace alsace
