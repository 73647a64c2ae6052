#pragma once

#include <cstdint>

#include "src/als/exact_sum.hpp"
#include "src/kernels/kernel_table.hpp"
#include "src/matrix.hpp"

namespace alsace {

/// Σ y yᵀ over all rows of a side, K × K, fp64, with the same bits on any number of ranks and threads and at every
/// kernel level (see exact_sum).
/// `rows` points at the first of `count` consecutive rows of K floats: this rank's whole blocks. `total_rows` counts
/// the rows of all ranks. Cost: count·K²/2 multiply-adds, spread over `threads`; one MAX of K and one SUM of K(K+1)/2
/// through `reducer`. Not finite on any rank: throws ErrorKind::numerics naming `what`, on all ranks.
GramMatrix gramian(const KernelTable& kernels, const float* rows, std::uint64_t count, int factors,
                   std::uint64_t total_rows, int threads, Reducer& reducer, const char* what);

}  // namespace alsace
