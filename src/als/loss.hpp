#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "src/als/config.hpp"
#include "src/data/sparse_rows.hpp"
#include "src/kernels/kernel_table.hpp"
#include "src/matrix.hpp"

namespace alsace {

/// The objective that a sweep decreases:
///   hkv       Σ_all c (p − x·y)² + Σ w|x|² + Σ w|y|²    = Σ_observed [c (p − s)² − s²] + ⟨XᵀX, YᵀY⟩ + …
///   ials      Σ_observed r (p − x·y)² + α0 ⟨XᵀX, YᵀY⟩ + …
///   explicit  Σ_observed (residual − x·y)² + …
/// One value a row, so that exact_sum can add them: the observed terms of the row and its own w|x|².
/// `rows`: the users of a shard; `own`: their rows.rows() × K factors; `fixed`: the items that their columns refer to;
/// `other_side`: the number of all items, 0 where `fixed` has them all. Scores are computed in fp32, in the order that
/// inner_products defines (the same bits at every kernel level), all that follows in double.
std::vector<double> row_losses(const TrainConfig& config, const KernelTable& kernels, const SparseRows& rows,
                               const float* own, const FactorView& fixed, int threads, std::uint64_t other_side = 0);

/// w|y|² of each row of a shard of the other side; `lengths` from rows, `other_side` the number of rows of its other
/// side.
std::vector<double> row_penalties(const TrainConfig& config, const SparseRows& rows, const float* own, int factors,
                                  std::uint64_t other_side, int threads);

/// The part over all pairs: gramian_weight · ⟨XᵀX, YᵀY⟩_F.
double unobserved_loss(const TrainConfig& config, const GramMatrix& user_gramian, const GramMatrix& item_gramian);

}  // namespace alsace
