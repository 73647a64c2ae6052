#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "io/service/served_model.hpp"
#include "mpi/comm/communicator.hpp"
#include "mpi/serving/sharded_model.hpp"
#include "src/als/shared_basis.hpp"
#include "src/data/sorted_ids.hpp"
#include "src/ranking/item_attributes.hpp"

namespace alsace::mpi {

/// One rank's part of a model in service. Memory: its users' and items' factors, the items' again as unit rows for
/// `similar`, its users' ids and seen items, 4 bytes an item for popularity; on rank 0 the catalogue of all items too.
struct RankModel {
  ShardedModel share;  ///< without ids: they are below
  SortedIds user_ids;  ///< of share.shard.users
  FactorMatrix unit_items;
  std::vector<float> popularity;  ///< training interactions of each own item
  ItemAttributes attributes;      ///< of own items
  /// On rank 0: what answers are written from. Its ranks and example users are there after complete().
  std::shared_ptr<io::ServedModel> catalog;
  /// Of the item Gramian, for folding people in; null where no row of theirs is solved in it.
  std::optional<SharedBasis> item_basis = std::nullopt;
};

/// Reads this rank's part of a checkpoint whose files have all been verified. Not collective, no MPI: runs in a thread
/// beside the one that serves. `item_info`: "" or the file. Throws ErrorKind::storage and ErrorKind::input.
std::unique_ptr<RankModel> read_rank_model(const std::filesystem::path& checkpoint,
                                           const std::filesystem::path& item_info, int rank, int ranks);

/// Adds what takes all ranks: popularity over all users, who holds what. Collective: a sum of 4 bytes an item.
void complete(const Communicator& comm, RankModel& model);

}  // namespace alsace::mpi
