#pragma once

#include <cstdint>
#include <vector>

#include "src/data/clean.hpp"
#include "src/data/ids.hpp"
#include "src/data/interaction.hpp"
#include "src/data/sparse_rows.hpp"

namespace alsace {

/// Interactions as a shard holds them.
struct CollectedRows {
  SparseRows by_user;
  std::vector<std::int64_t> timestamps;  ///< one a stored number, or empty when no chunk had any
  Merged merged;                         ///< when a pair was refused, the rows are not to be used
};

/// Compressed rows of the users of `range`, whose interactions come in any order: counts, then every interaction moves
/// once to its row; rows that are not in order are sorted, and what names one pair becomes one, as merge_duplicates()
/// has it. Chunks are freed one by one. O(interactions) for rows in order, which is what files are for the most part;
/// at most 8 bytes an interaction, and 16 a user, beside the chunks.
CollectedRows collect_rows(RowRange range, std::vector<InteractionChunk> chunks, Duplicates duplicates);

}  // namespace alsace
