#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace alsace {

/// The inner loops, one table a level of the instruction set. Raw pointers in, raw pointers out; no allocation, no
/// exceptions. Every function gives bits that depend on its arguments alone, never on alignment or position.
///
/// Legend: y_c are rows of `fixed`, `factors` floats each, contiguous; n interactions of one row or of a segment of it.
/// Work matrices are padded: P = padded_factors(factors) rows of P floats, aligned to 64 bytes, so that no loop has a
/// remainder. Only the upper triangle is meaningful; below the diagonal stands what the loops leave there.
struct KernelTable {
  std::string_view level;

  /// matrix (P × P) += Σ_j weights[j] · y yᵀ with y = fixed row columns[j], and rhs (P) += Σ_j targets[j] · y.
  /// `weights` null: all weights and targets are 1. fp32 sums over chunks of fixed length, added in order. Padding
  /// stays zero if it was. After the n columns there are `coming` more: those of the calls to come, whose rows are
  /// fetched meanwhile (a chunk of them at most); 0 is always right. `workspace`: normal_equations_workspace(factors)
  /// floats, aligned to 64 bytes, contents not kept. n·P²/2 multiply-adds.
  void (*form_normal_equations)(const float* fixed, int factors, const std::uint32_t* columns, const float* weights,
                                const float* targets, std::size_t n, std::size_t coming, float* matrix, float* rhs,
                                float* workspace);

  /// The same on bf16 rows of bf16_stride(factors), zero padded, `fixed` aligned to 64 bytes. A product of two bf16 is
  /// exact in fp32, and the sums are fp32 (with bf16 instructions, numbers below 2^-126 count as zero). A weight (≥ 0)
  /// enters as its root: √weight·y is rounded to bf16 once and stands on both sides of the product, so the sum is of a
  /// matrix that is symmetric and positive semidefinite. Targets multiply y itself, in fp32.
  void (*form_normal_equations_bf16)(const std::uint16_t* fixed, int factors, const std::uint32_t* columns,
                                     const float* weights, const float* targets, std::size_t n, std::size_t coming,
                                     float* matrix, float* rhs, float* workspace);

  /// Solves matrix · x = rhs for a positive definite matrix (P × P, overwritten) by Cholesky in fp32; x replaces rhs
  /// (P floats). The padding of both must be zero. K³/3 multiply-adds. False when a pivot is not positive and finite.
  bool (*solve_positive_definite)(float* matrix, float* rhs, int factors);

  /// One block of the Gramian's exact sum (src/als/exact_sum): totals (P × P, upper triangle) += the nearest whole
  /// numbers to scales[i] · scales[j] · Σ_r rows[r][i] · rows[r][j] over `count` ≤ 64 rows of `factors` floats. The
  /// sum is in double in row order, and a scale a power of two (zero in the padding), so every level gives the same
  /// bits. `workspace`: 64·P doubles aligned to 64 bytes, contents not kept. count·P²/2 multiply-adds.
  void (*add_gram_block)(const float* rows, std::size_t count, int factors, const double* scales, std::int64_t* totals,
                         double* workspace);

  /// sums[i] += Σ_r rows[r][i]² over `count` rows of `factors` floats, in double in row order.
  void (*add_block_squares)(const float* rows, std::size_t count, int factors, double* sums);

  /// out[q·items + i] = ⟨queries row q, items row i⟩: lane l of 16 adds the products of columns k ≡ l (mod 16) in
  /// order, then the lanes are added pairwise (l and l + 8, l + 4, l + 2, l + 1). The definition of an exact fp32
  /// score: no fused multiply-add, so that every level gives the same bits.
  void (*inner_products)(const float* queries, std::size_t query_count, const float* items, std::size_t item_count,
                         int factors, float* out);

  /// out[j] = ⟨x, fixed row columns[j]⟩ for n columns, the same bits as inner_products. After the n columns there are
  /// `coming` more, as in form_normal_equations.
  void (*gathered_inner_products)(const float* fixed, int factors, const std::uint32_t* columns, std::size_t n,
                                  std::size_t coming, const float* x, float* out);

  // Rows in the basis of the shared part (src/als/rotated_side.hpp). P = padded_factors(factors); matrices and results
  // have rows of P floats and are aligned to 64 bytes; `columns` null means rows 0 to count − 1.

  /// out row r (P floats) = Σ_k rows[columns[r]·stride + k] · matrix row k, over k < factors in order. count·K·P
  /// multiply-adds.
  void (*rotate_rows)(const float* rows, std::size_t stride, const std::uint32_t* columns, std::size_t count,
                      const float* matrix, int factors, float* out);

  /// scales[k] = weight_root / √(eigenvalues[k] + regularization), k < padded.
  void (*whitening_scales)(const float* eigenvalues, float regularization, float weight_root, std::size_t padded,
                           float* scales);

  /// out row j = weight_roots[j] (null: 1) · scales ⊙ rows row columns[j], padded with zeros to P, and with zero rows
  /// to a multiple of four. After the n columns there are `coming` more, whose rows are fetched meanwhile; 0 is always
  /// right.
  void (*whiten_rows)(const float* rows, std::size_t stride, const std::uint32_t* columns, const float* scales,
                      const float* weight_roots, std::size_t n, std::size_t coming, int factors, float* out);

  /// Solves (I + Z Zᵀ) u = rhs for n rows Z as whiten_rows gives them, by Cholesky; u replaces rhs (padded_factors(n)
  /// floats, the padding zero). `matrix`: padded_factors(n)² floats of work space. n²·P/2 + n³/6 multiply-adds. False
  /// when a pivot is not positive and finite.
  bool (*solve_dual)(const float* rows, std::size_t n, int factors, float* matrix, float* rhs);

  /// out (padded floats) = scales ⊙ Σ_j weights[j] · rows row j; null scales are all 1.
  void (*combine_rows)(const float* rows, const float* weights, std::size_t n, const float* scales, std::size_t padded,
                       float* out);

  /// Solves (I + ZᵀZ) v = rhs by conjugate gradients from the v that `solution` holds, for n rows Z as whiten_rows
  /// gives them, until ‖residual‖ ≤ tolerance · ‖rhs‖. `workspace`: 3·P floats. Returns the iterations, each 2·n·P
  /// multiply-adds, or −1 when most_iterations were not enough.
  int (*solve_by_cg)(const float* rows, std::size_t n, int factors, const float* rhs, float tolerance,
                     int most_iterations, float* solution, float* workspace);
};

/// K rounded up to whole vectors of 16.
constexpr std::size_t padded_factors(int factors) {
  return (static_cast<std::size_t>(factors) + 15) / 16 * 16;
}

/// K rounded up to whole vectors of 32: the stride of rows of bf16.
constexpr std::size_t bf16_stride(int factors) {
  return (static_cast<std::size_t>(factors) + 31) / 32 * 32;
}

/// Floats of workspace that form_normal_equations takes.
std::size_t normal_equations_workspace(int factors);

/// The table of a level: "portable", "avx2", "avx512", "avx512_bf16", "amx". A name that is unknown, or a level that
/// this processor does not run, throws ErrorKind::usage with the names there are.
const KernelTable& kernel_table(std::string_view level);

/// Whether a level multiplies bf16 by instructions of its own; the others expand them to fp32.
constexpr bool has_bf16_instructions(std::string_view level) {
  return level == "avx512_bf16" || level == "amx";
}

/// Levels that this processor runs, slowest first. "amx" only where Linux lets the process use tiles, which it is
/// asked for once.
std::vector<std::string_view> supported_kernel_levels();

}  // namespace alsace
