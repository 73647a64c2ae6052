#pragma once

#include <cstddef>

namespace alsace {

/// Interactions that forming normal equations gathers and sums at once. Part of the algorithm: it decides the rounding.
enum : std::size_t { chunk_rows = 64, chunk_rows_bf16 = 96, chunk_rows_amx = 64 };

/// Rows of a block of the exact sum, as src/als/exact_sum.hpp has it, which kernels do not include.
enum : std::size_t { gram_block_rows = 64 };

}  // namespace alsace
