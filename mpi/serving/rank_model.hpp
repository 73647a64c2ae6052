#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "io/service/served_model.hpp"
#include "mpi/comm/communicator.hpp"
#include "mpi/serving/sharded_items.hpp"
#include "mpi/serving/sharded_model.hpp"
#include "src/als/shared_basis.hpp"
#include "src/data/sorted_ids.hpp"
#include "src/ranking/item_attributes.hpp"

namespace alsace::mpi {

/// One rank's part of a model in service. Memory: its users' factors, ids and seen items; for each of its items,
/// those of the head among them, the factors twice, as they are and as unit rows for `similar`, with what an ItemIndex
/// has beside them; on rank 0 the catalogue of all items too.
struct RankModel {
  ShardedModel share;  ///< users without ids, which are below; no items
  SortedIds user_ids;  ///< of share.shard.users
  ShardedItems items;
  ShardedItems unit_items;    ///< the same items
  ItemAttributes attributes;  ///< of the items here
  /// On rank 0: what answers are written from. Its ranks and example users are there after complete().
  std::shared_ptr<io::ServedModel> catalog;
  /// Of the item Gramian, for folding people in; null where no row of theirs is solved in it.
  std::optional<SharedBasis> item_basis = std::nullopt;
  /// Training interactions as rows of one factor, so that the popular items are the answer to the query 1; the same
  /// items; there after complete().
  std::optional<ShardedItems> popularity = std::nullopt;
};

/// Reads this rank's part of a checkpoint whose files have all been verified. Not collective, no MPI: runs in a thread
/// beside the one that serves. `item_info`: "" or the file. Throws ErrorKind::storage and ErrorKind::input.
std::unique_ptr<RankModel> read_rank_model(const std::filesystem::path& checkpoint,
                                           const std::filesystem::path& item_info, int rank, int ranks);

/// Adds what takes all ranks: popularity over all users, who holds what. Collective: a sum of 4 bytes an item.
void complete(const Communicator& comm, RankModel& model);

}  // namespace alsace::mpi
