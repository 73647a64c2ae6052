#pragma once

#include <vector>

#include "mpi/comm/communicator.hpp"
#include "src/data/dataset_shard.hpp"
#include "src/data/split.hpp"

namespace alsace::mpi {

/// The part of each of this rank's interactions, in the order of shard.by_user. Collective: for the global schemes
/// about 128 sums of one number, else nothing moves. Throws ErrorKind::input where a scheme needs timestamps that are
/// not there.
std::vector<Part> split_interactions(const Communicator& comm, const SplitConfig& config, const DatasetShard& shard);

/// One part as a data set of its own, with the users and items that have interactions in it, in index order. Users stay
/// with their rank unless their order changes: ids of a part may all be digits while those of the whole are not.
/// Collective: a byte an item moves, and everything where the order changes.
DatasetShard extract_part(const Communicator& comm, const DatasetShard& shard, const std::vector<Part>& parts,
                          Part part);

}  // namespace alsace::mpi
