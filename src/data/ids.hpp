#pragma once

#include <cstdint>

namespace alsace {

/// The row of a user or of an item in the factor matrices, global over all ranks. Two types, so that one is never
/// passed for the other; code that treats both sides alike (a half-sweep) works on plain row numbers.
enum class UserIndex : std::uint32_t {};
enum class ItemIndex : std::uint32_t {};

constexpr std::uint32_t value_of(UserIndex index) {
  return static_cast<std::uint32_t>(index);
}
constexpr std::uint32_t value_of(ItemIndex index) {
  return static_cast<std::uint32_t>(index);
}

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
