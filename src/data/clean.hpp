#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "src/data/ids.hpp"
#include "src/data/interaction.hpp"
#include "src/data/sparse_rows.hpp"

namespace alsace {

/// What merging came to.
struct Merged {
  std::uint64_t rows_merged = 0;  ///< rows that became part of another
  struct Pair {
    std::uint32_t user;
    std::uint32_t item;
  };
  /// The first pair, in (user, item) order, that cannot be merged: met twice under Duplicates::error, or a sum beyond
  /// the range of a float. The rows are then unusable.
  std::optional<Pair> refused;
};

/// Sorts by (user, item) and makes one row of each pair; the result does not depend on the order of the rows. O(n log
/// n), in place: for a few rows; collect_rows() is for many.
Merged merge_duplicates(std::vector<Interaction>& rows, Duplicates duplicates);

/// Compressed rows of the users of `range`. `rows`: sorted by (user, item), one a pair, users within the range.
SparseRows to_sparse_rows(RowRange range, std::span<const Interaction> rows);

}  // namespace alsace
