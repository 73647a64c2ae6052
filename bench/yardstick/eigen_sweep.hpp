#pragma once

#include <cstddef>
#include <cstdint>

namespace alsace::bench {

/// A half-sweep of hkv with values of 1, (G + w I + α Σ y yᵀ) x = (1 + α) Σ y, as one writes it with Eigen: rows
/// gathered, `rankUpdate`, `LLT`. Solves the rows 0, stride, 2·stride, …: exact solves by a library are slow, and a
/// sample says as much. Any number of threads.
template <class Real>
struct EigenJob {
  const std::uint64_t* offsets;  ///< rows + 1
  const std::uint32_t* columns;
  std::size_t rows;
  const Real* fixed;  ///< fixed_rows × K, row-major
  std::size_t fixed_rows;
  int factors;
  double alpha;
  double regularization;
  std::size_t stride;
  int threads;
  Real* solved;  ///< rows × K
};

/// Eigen compiled for one instruction set, which is what decides its speed.
struct EigenTable {
  const char* level;
  /// The half-sweep, Gramian included, in fp32: what a trainer on Eigen takes.
  void (*half_sweep)(const EigenJob<float>& job);
  /// The same in fp64: the reference for quality where the serial trainer would take hours.
  void (*half_sweep64)(const EigenJob<double>& job);
  /// Only the sums: Σ y yᵀ of each of the rows. The matrices are thrown away.
  void (*form)(const EigenJob<float>& job);
  /// Σ y yᵀ over `count` rows of K floats, in fp32, to the lower triangle of `gram` (K × K, column-major).
  void (*gramian)(const float* rows, std::size_t count, int factors, float* gram);
  /// Factors and solves `count` times: matrix (K × K, column-major, lower triangle read) x = rhs, x to `solution`.
  void (*solve)(const float* matrix, const float* rhs, int factors, std::size_t count, float* solution);
};

/// The fastest that this processor runs.
const EigenTable& eigen_table();

}  // namespace alsace::bench
