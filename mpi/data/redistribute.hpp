#pragma once

#include <cstdint>
#include <vector>

#include "mpi/comm/communicator.hpp"
#include "mpi/shard_map.hpp"
#include "src/data/dataset_shard.hpp"
#include "src/data/id_list.hpp"
#include "src/data/interaction.hpp"

namespace alsace::mpi {

/// Ids in the ranges of `from` to the ranges of `to`. Collective: what changes its rank moves once.
IdList redistribute_ids(const Communicator& comm, const IdList& ids, const ShardMap& from, const ShardMap& to);

/// The users of a shard, in the ranges of `from`, to the ranges of `to`: rows, timestamps and ids. Items stay.
/// Collective: what changes its rank moves once.
void redistribute_users(const Communicator& comm, DatasetShard& shard, const ShardMap& from, const ShardMap& to);

/// Interactions with global users to the ranks that own the users, in chunks as they arrive. Those that are given are
/// freed one after the other, so that no rank needs room for them twice. Either all have timestamps or none has.
/// Collective: every row moves once, a chunk of every rank a round.
std::vector<InteractionChunk> send_to_owners(const Communicator& comm, std::vector<InteractionChunk> chunks,
                                             const ShardMap& users);

}  // namespace alsace::mpi
