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
struct KernelTable {
  std::string_view level;

  /// matrix (factors × factors, row-major, lower triangle) += Σ_j weights[j] · y y ᵀ with y = fixed row columns[j], and
  /// rhs (factors) += Σ_j targets[j] · y. fp32 sums over fixed chunks of 64 interactions, added in order.
  /// `workspace`: normal_equations_workspace(factors) floats, aligned to 64 bytes, contents not kept.
  void (*form_normal_equations)(const float* fixed, int factors, const std::uint32_t* columns, const float* weights,
                                const float* targets, std::size_t n, float* matrix, float* rhs, float* workspace);

  /// out[q·items + i] = ⟨queries row q, items row i⟩: lane l of 16 adds the products of columns k ≡ l (mod 16) in
  /// order, then the lanes are added pairwise (l and l + 8, l + 4, l + 2, l + 1). The definition of an exact fp32
  /// score.
  void (*inner_products)(const float* queries, std::size_t query_count, const float* items, std::size_t item_count,
                         int factors, float* out);
};

/// Floats of workspace that form_normal_equations takes.
std::size_t normal_equations_workspace(int factors);

/// The table of a level: "portable" today. An unknown name throws ErrorKind::usage with the names there are.
const KernelTable& kernel_table(std::string_view level);

/// Levels that this processor runs, slowest first.
std::vector<std::string_view> supported_kernel_levels();

}  // namespace alsace
