#pragma once

#include <string>

#include "io/store/manifest.hpp"
#include "mpi/comm/communicator.hpp"
#include "src/model/model.hpp"

namespace alsace::mpi {

/// Commits one checkpoint: rank 0 stages, every rank writes and verifies its shard, rank 0 publishes. A failure on any
/// rank is thrown on all, after the staged files are removed; the last checkpoint is then untouched. Collective: 8
/// bytes a rank and a small record of each file move.
void commit_checkpoint(const Communicator& comm, const std::string& model, const ModelInfo& info,
                       const ModelShard& shard, int keep);

}  // namespace alsace::mpi
