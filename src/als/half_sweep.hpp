#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>

#include "src/als/config.hpp"
#include "src/als/shared_basis.hpp"
#include "src/als/solver_choice.hpp"
#include "src/data/sparse_rows.hpp"
#include "src/kernels/kernel_table.hpp"
#include "src/matrix.hpp"

namespace alsace {

/// One half-sweep of one shard: every row of `rows` solved against the fixed side.
struct HalfSweep {
  const TrainConfig& config;  ///< precision resolved: auto counts as fp32
  const KernelTable& kernels;
  const SparseRows& rows;           ///< this shard's rows; values as prepare_values / residuals left them
  FactorView fixed;                 ///< M × K: all rows of the other side; under bf16 every number is one
  const GramMatrix& fixed_gramian;  ///< K × K over all M rows; not read by explicit
  int threads = 1;
  const char* row_name = "row";  ///< what a row is, for messages: "user row"
  /// M, when `fixed` has only those of the other side's rows that the columns name; 0: fixed.rows().
  std::uint64_t other_side = 0;
  /// Under bf16: `fixed` as Bf16Rows has it, when the caller holds that already; null: made here.
  const std::uint16_t* fixed_bf16 = nullptr;
  /// Of fixed_gramian, when the caller has it already; null: computed here if a row's solver asks for it.
  const SharedBasis* basis = nullptr;
  /// Called by the calling thread alone, after each block that it solves and once at the end: rows [0, rows_solved) are
  /// final. May send them and drive communication; must not throw.
  std::function<void(std::size_t rows_solved)> progress = {};
};

struct HalfSweepResult {
  bool finished = false;  ///< false: stopped early
  RowCounts solved;       ///< rows that each method solved
  std::uint64_t cg_iterations = 0;

  explicit operator bool() const { return finished; }
};

/// Solves (c·G + Σ weight·y yᵀ + w I) x = Σ target·y for every row; a row without interactions becomes zero.
/// `solved`: rows.rows() × K floats, row-major, each row's last value on entry (cg and subspace start from it),
/// overwritten; under bf16 rounded to it. Rows are dealt to threads in blocks, very long ones in segments; `stop` is
/// asked before each block. When it stopped early `solved` is partly old. Not collective. The bits of a row depend on
/// that row, its last value, the fixed side, K, the configuration and the kernel level alone. Throws
/// ErrorKind::numerics naming the global row when a system is not positive definite or a result is not finite. Cost:
/// solver_choice.hpp; the work space a thread is a few K × K matrices, and the side's rows once more (rotated) where
/// rows are short.
HalfSweepResult half_sweep(const HalfSweep& job, float* solved, const std::stop_token& stop);

}  // namespace alsace
