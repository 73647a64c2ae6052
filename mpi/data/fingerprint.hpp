#pragma once

#include "mpi/comm/communicator.hpp"
#include "src/data/dataset_shard.hpp"
#include "src/model/model.hpp"

namespace alsace::mpi {

/// The fingerprint of the data set whose shards the ranks hold. Collective: 16 bytes a rank.
Fingerprint fingerprint_together(const Communicator& comm, const DatasetShard& shard);

}  // namespace alsace::mpi
