#pragma once

#include <cstdint>
#include <span>
#include <stop_token>

#include "src/als/config.hpp"
#include "src/data/sparse_rows.hpp"
#include "src/kernels/kernel_table.hpp"
#include "src/matrix.hpp"

namespace alsace {

/// One half-sweep of one shard: every row of `rows` solved against the fixed side.
struct HalfSweep {
  const TrainConfig& config;
  const KernelTable& kernels;
  const SparseRows& rows;           ///< this shard's rows; values as prepare_values / residuals left them
  FactorView fixed;                 ///< M × K: all rows of the other side
  const GramMatrix& fixed_gramian;  ///< K × K over all M rows; not read by explicit
  int threads = 1;
  const char* row_name = "row";  ///< what a row is, for messages: "user row"
  /// M, when `fixed` has only those of the other side's rows that the columns name; 0: fixed.rows().
  std::uint64_t other_side = 0;
};

/// Solves (c·G + Σ weight·y yᵀ + w I) x = Σ target·y for every row; a row without interactions becomes zero.
/// `solved`: rows.rows() × K floats, row-major, overwritten. Rows are dealt to threads in blocks; `stop` is asked
/// before each block. Returns false when it stopped early (`solved` is then partly old). Not collective. The bits of a
/// row depend on that row, the fixed side, K and the kernel level alone. Throws ErrorKind::numerics naming the global
/// row when a system is not positive definite or a result is not finite. Cost: Σ n·K² + rows·K³/3 flops; K² + 64·K
/// floats of work space a thread.
bool half_sweep(const HalfSweep& job, float* solved, const std::stop_token& stop);

}  // namespace alsace
