#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "mpi/serving/dealt_items.hpp"
#include "src/model/model.hpp"
#include "src/ranking/item_index.hpp"

namespace alsace::mpi {

/// Where an item is in one of a rank's indices.
struct ItemPlace {
  const ItemIndex& index;
  std::size_t position;

  [[nodiscard]] std::span<const float> row() const {
    return {index.row(position), static_cast<std::size_t>(index.factors())};
  }
  [[nodiscard]] double bias() const { return index.bias(position); }
};

/// What searches of all ranks go through: the few items that can score highest in an index that every rank has, so that
/// one of them can begin a query for all, and this rank's part of the others. Memory: see ItemIndex.
struct ShardedItems {
  ItemIndex head;
  ItemIndex part;
  std::uint64_t dealt = 0;  ///< items of all parts

  /// Of this rank, the head included.
  [[nodiscard]] std::size_t count() const { return head.count() + part.count(); }
  [[nodiscard]] std::size_t bytes() const { return head.bytes() + part.bytes(); }
  /// Nothing when this rank does not hold it; its owner does, and all hold those of the head. O(log count).
  [[nodiscard]] std::optional<ItemPlace> find(std::uint32_t item) const;
};

/// Indices of the items, which may go afterwards. Not collective, but for the sake of what it makes: `items` of all
/// ranks with the same head. `query_norm`: see IndexedItems.
ShardedItems index_items(const DealtItems& items, double query_norm, int threads);
/// The same for rows scaled to length 1: scores of such queries are cosines.
ShardedItems index_cosines(const DealtItems& items, int threads);
/// For the items that `like` has in head and part: one factor, the counts of all items. Counts beyond 2^24 are rounded
/// to fp32.
ShardedItems index_counts(std::span<const std::uint32_t> counts, const ShardedItems& like);

}  // namespace alsace::mpi
