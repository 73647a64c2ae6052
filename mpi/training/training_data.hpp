#pragma once

#include <cstdint>

#include "mpi/shard_map.hpp"
#include "src/als/bias_model.hpp"
#include "src/data/sparse_rows.hpp"

namespace alsace::mpi {

/// What a rank holds of the interactions while it trains: each side's rows of its shard, values as the objective reads
/// them (for explicit: residuals of the bias model).
struct TrainingData {
  ShardMap users;
  ShardMap items;
  SparseRows by_user;
  SparseRows by_item;
  std::uint64_t interactions = 0;  ///< of all ranks
  BiasModel biases;
};

}  // namespace alsace::mpi
