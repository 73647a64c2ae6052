#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/readers/read_options.hpp"
#include "mpi/comm/communicator.hpp"
#include "mpi/data/distributed_ids.hpp"
#include "mpi/shard_map.hpp"
#include "src/als/row_cost.hpp"
#include "src/data/dataset_shard.hpp"
#include "src/data/interaction.hpp"
#include "src/model/model.hpp"

namespace alsace::mpi {

/// Cuts a side into contiguous shards of about equal cost. `lengths`: interactions of the rows of this rank's range of
/// `current`. Collective: one scan and a gather of R cuts.
ShardMap cut_by_cost(const Communicator& comm, const ShardMap& current, const std::vector<std::uint64_t>& lengths,
                     const RowCost& cost);

/// What reading raw files came to; sums over all ranks, equal on all.
struct ImportReport {
  std::uint64_t rows_read = 0;    ///< without headers and empty lines
  std::uint64_t rows_bad = 0;     ///< skipped under OnBadRow::skip
  std::uint64_t rows_merged = 0;  ///< duplicates that became part of another row
  std::string first_bad;          ///< file:line and reason of the first bad row, in input order
};

/// A data set as training and evaluation take it: users cut by cost, items cut evenly.
struct LoadedDataset {
  DatasetShard shard;
  ShardMap users;
  ShardMap items;  ///< of the item ids
  Fingerprint fingerprint;
  ImportReport report;  ///< of raw files; zero for a data set
};

/// Loads one data set directory, or reads raw files. Every rank reads its share; no rank ever holds everything.
/// Collective. Throws ErrorKind::input or storage, the same on all ranks.
LoadedDataset load_input(const Communicator& comm, const std::vector<std::string>& inputs,
                         const io::ReadOptions& options, Duplicates duplicates, const RowCost& cost);

/// Held-out interactions of users that a model knows, sharded like the model's users.
struct HeldOut {
  SparseRows by_user;                        ///< rows: user_map.range(rank); columns: items that the model knows
  std::vector<std::uint32_t> unknown_items;  ///< a user: held-out items that the model does not know; they count in n
  std::uint64_t unknown_users = 0;           ///< users skipped, over all ranks
  std::uint64_t interactions = 0;            ///< of known users, over all ranks
  Fingerprint fingerprint;                   ///< of the held-out data as they were read
};

/// Reads held-out data (a data set or raw files) and maps it to a model's indices. A run that has read other inputs
/// before sets options.append_rejects, or their rejected rows are gone. Collective.
HeldOut load_held_out(const Communicator& comm, const std::vector<std::string>& inputs, const io::ReadOptions& options,
                      Duplicates duplicates, const DistributedIds& users, const DistributedIds& items,
                      const ShardMap& user_map);

}  // namespace alsace::mpi
