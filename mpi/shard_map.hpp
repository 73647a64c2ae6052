#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "src/data/ids.hpp"

namespace alsace::mpi {

/// Which rank holds which rows: contiguous ranges in rank order, any of them empty. Integers only; known whole to every
/// rank; 8 bytes a rank.
class ShardMap {
 public:
  /// bounds[r] is the first row of rank r, bounds.back() the end of the last one's; ascending.
  explicit ShardMap(std::vector<std::uint64_t> bounds);

  /// Equal counts, give or take one.
  static ShardMap even(std::uint64_t rows, int ranks) { return even(RowRange{0, rows}, ranks); }
  /// Of some of the rows: nobody holds those before them.
  static ShardMap even(RowRange rows, int ranks);

  [[nodiscard]] int ranks() const { return static_cast<int>(bounds_.size()) - 1; }
  [[nodiscard]] std::uint64_t rows() const { return bounds_.back(); }
  [[nodiscard]] RowRange range(int rank) const;
  /// The rank that holds `row`, which one of them does. O(log ranks).
  [[nodiscard]] int owner(std::uint64_t row) const;
  [[nodiscard]] std::span<const std::uint64_t> bounds() const { return bounds_; }
  friend bool operator==(const ShardMap&, const ShardMap&) = default;

 private:
  std::vector<std::uint64_t> bounds_;
};

}  // namespace alsace::mpi
