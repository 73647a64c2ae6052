#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "src/data/ids.hpp"

namespace alsace {

/// Compressed sparse rows of one shard: the global rows [first_row, first_row + rows()), 8 bytes a stored number (a
/// 4-byte column index and a 4-byte value) and 8 bytes a row. Within a row the columns ascend strictly.
struct SparseRows {
  std::uint64_t first_row = 0;
  std::vector<std::uint64_t> offsets{0};  ///< rows() + 1, local: offsets[0] == 0
  std::vector<std::uint32_t> columns;     ///< global indices of the other side
  std::vector<float> values;              ///< one a column

  [[nodiscard]] std::size_t rows() const { return offsets.size() - 1; }
  [[nodiscard]] std::size_t nonzeros() const { return columns.size(); }
  [[nodiscard]] RowRange range() const { return {first_row, first_row + rows()}; }

  /// `row` is local: 0 is the global row first_row.
  [[nodiscard]] std::size_t row_length(std::size_t row) const {
    return static_cast<std::size_t>(offsets[row + 1] - offsets[row]);
  }
  [[nodiscard]] std::span<const std::uint32_t> columns_of(std::size_t row) const {
    return std::span(columns).subspan(static_cast<std::size_t>(offsets[row]), row_length(row));
  }
  [[nodiscard]] std::span<const float> values_of(std::size_t row) const {
    return std::span(values).subspan(static_cast<std::size_t>(offsets[row]), row_length(row));
  }
};

}  // namespace alsace
