#pragma once

#include <cstddef>

namespace alsace {

/// Interactions that form_normal_equations gathers and sums at once. Part of the algorithm: it decides the rounding.
enum : std::size_t { chunk_rows = 64 };

}  // namespace alsace
