#pragma once

#include <cstdint>
#include <vector>

#include "io/store/model_store.hpp"
#include "src/matrix.hpp"
#include "src/ranking/item_index.hpp"

namespace alsace::mpi {

/// Items are dealt to the ranks like cards: item i belongs to rank i mod R. So every rank has its share of those that
/// score highest, even where indices follow popularity, and a search is over on all of them at about the same time.
struct ItemDeal {
  int rank = 0;
  int ranks = 1;

  [[nodiscard]] int owner(std::uint64_t item) const {
    return static_cast<int>(item % static_cast<std::uint64_t>(ranks));
  }
  [[nodiscard]] bool owns(std::uint64_t item) const { return owner(item) == rank; }
  /// How many of `items` items every rank has at least.
  [[nodiscard]] std::uint64_t least(std::uint64_t items) const { return items / static_cast<std::uint64_t>(ranks); }
};

/// The items of one rank.
struct DealtItems {
  std::vector<std::uint32_t> ids;  ///< ascending
  FactorMatrix rows;               ///< ids.size() × K
  std::vector<double> biases;      ///< one an item for explicit with full biases, else empty
};

/// Reads through all item rows of a verified checkpoint, a window at a time, and keeps those of this rank: no exchange,
/// and each rank reads every byte, most of them from the host's page cache. Not collective. Throws ErrorKind::storage.
DealtItems read_dealt_items(const io::ModelReader& reader, const ItemDeal& deal);

/// What searches go through; the items may go afterwards. `info` with Gramians.
ItemIndex index_of(const DealtItems& items, const ModelInfo& info, int threads);
/// The same for rows scaled to length 1: scores of such queries are cosines.
ItemIndex cosine_index_of(const DealtItems& items, int threads);

}  // namespace alsace::mpi
