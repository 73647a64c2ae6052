#pragma once

#include <cstdint>

#include "mpi/comm/communicator.hpp"
#include "mpi/data/load_input.hpp"
#include "mpi/shard_map.hpp"
#include "src/data/sparse_rows.hpp"

namespace alsace::mpi {

/// Cuts the other side of a sharded matrix into contiguous shards of about equal cost. Collective: 4 bytes a column
/// move.
ShardMap cut_columns(const Communicator& comm, const SparseRows& rows, std::uint64_t columns, const RowCost& cost);

/// The transpose of a sharded matrix: rows of `map.range(rank)`, whose columns are the global rows of `rows`,
/// ascending. Every rank's `rows` follow those of the rank before it. Collective: 12 bytes a stored number move, in
/// rounds of at most `round_entries` a rank, so that beside the result little is held.
SparseRows transpose(const Communicator& comm, const SparseRows& rows, const ShardMap& map,
                     std::size_t round_entries = std::size_t{1} << 22);

}  // namespace alsace::mpi
