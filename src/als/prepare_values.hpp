#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "src/als/config.hpp"
#include "src/data/sparse_rows.hpp"

namespace alsace {

/// What became of a shard's values when the objective read them.
struct PreparedValues {
  SparseRows rows;
  std::uint64_t zeros_dropped = 0;
  std::uint64_t negatives_dropped = 0;
  /// The first negative value met under Negatives::error, for the caller's message; rows are then unusable.
  struct Negative {
    std::uint64_t row;
    std::uint32_t column;
    float value;
  };
  std::optional<Negative> negative;
};

/// Reads the data's values as the objective does: explicit keeps all; binary turns all into 1, zero included; raw drops
/// and counts zeros and treats negative values by config.negatives.
PreparedValues prepare_values(const TrainConfig& config, SparseRows rows);

}  // namespace alsace
