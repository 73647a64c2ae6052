#include "src/als/prepare_values.hpp"

#include <utility>

namespace alsace {
namespace {

PreparedValues all_ones(SparseRows rows) {
  PreparedValues result{.rows = std::move(rows), .negative = std::nullopt};
  for (float& value : result.rows.values) value = 1.0F;
  return result;
}

/// Drops zeros, and negative values unless they are dislikes, moving the rest down in place.
PreparedValues raw_values(const TrainConfig& config, SparseRows rows) {
  PreparedValues result{.rows = std::move(rows), .negative = std::nullopt};
  SparseRows& data = result.rows;
  std::size_t kept = 0;
  std::size_t begin = 0;
  for (std::size_t row = 0; row < data.rows(); ++row) {
    const auto end = static_cast<std::size_t>(data.offsets[row + 1]);
    for (std::size_t i = begin; i < end; ++i) {
      const float value = data.values[i];
      if (value == 0.0F) {
        ++result.zeros_dropped;
        continue;
      }
      if (value < 0.0F && config.negatives == Negatives::drop) {
        ++result.negatives_dropped;
        continue;
      }
      if (value < 0.0F && config.negatives == Negatives::error && !result.negative)
        result.negative = PreparedValues::Negative{data.first_row + row, data.columns[i], value};
      data.columns[kept] = data.columns[i];
      data.values[kept] = value;
      ++kept;
    }
    data.offsets[row + 1] = kept;
    begin = end;
  }
  data.columns.resize(kept);
  data.values.resize(kept);
  return result;
}

}  // namespace

PreparedValues prepare_values(const TrainConfig& config, SparseRows rows) {
  if (config.objective == Objective::explicit_) return {.rows = std::move(rows), .negative = std::nullopt};
  if (config.value == ValueMeaning::binary) return all_ones(std::move(rows));
  return raw_values(config, std::move(rows));
}

}  // namespace alsace
