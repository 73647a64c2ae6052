#pragma once

#include <cstdint>

namespace alsace {

/// A contiguous range of global rows, [begin, end).
struct RowRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;

  [[nodiscard]] constexpr std::uint64_t size() const { return end - begin; }
  [[nodiscard]] constexpr bool empty() const { return begin == end; }
  [[nodiscard]] constexpr bool contains(std::uint64_t row) const { return begin <= row && row < end; }
  friend constexpr bool operator==(const RowRange&, const RowRange&) = default;
};

}  // namespace alsace
