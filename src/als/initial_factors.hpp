#pragma once

#include <cstdint>

#include "src/als/config.hpp"
#include "src/data/ids.hpp"

namespace alsace {

/// Normal values of standard deviation config.init_std / √K for the item rows of `range`, written to `out`
/// (range.size() × K floats, row-major). A row's values come from (seed, global row) alone.
void initialize_items(const TrainConfig& config, RowRange range, float* out);

}  // namespace alsace
