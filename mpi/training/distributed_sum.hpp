#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "mpi/comm/communicator.hpp"
#include "mpi/shard_map.hpp"
#include "src/als/exact_sum.hpp"

/// exact_sum across ranks. Shards are cut at any row, blocks at multiples of 64: the owner of a block's first row sums
/// it, and gets the at most 63 rows that it lacks from the ranks behind it.
namespace alsace::mpi {

/// Reducer over the ranks of a communicator.
class RankReducer final : public Reducer {
 public:
  explicit RankReducer(const Communicator& comm) : comm_(comm) {}
  void max(std::span<double> values) override;
  void sum(std::span<std::int64_t> values) override;

 private:
  const Communicator& comm_;
};

/// The rows of the whole blocks that `rank` sums: those blocks whose first row it holds. Starts within its range, may
/// end behind it. Integers only.
RowRange whole_blocks(const ShardMap& map, int rank);

/// The values (rows × width) of this rank's whole blocks, from those of its own rows. Collective: at most 63 rows a
/// rank.
std::vector<double> complete_blocks(const Communicator& comm, const ShardMap& map, std::span<const double> own,
                                    std::size_t width);

/// The exact_sum of one value a row, on every rank. `row_values`: one for each row of this rank's shard. Collective.
double distributed_sum(const Communicator& comm, const ShardMap& map, std::span<const double> row_values,
                       const char* what);

/// The same for `width` values a row at once (rows × width, row-major). Collective.
std::vector<double> distributed_sums(const Communicator& comm, const ShardMap& map, std::span<const double> values,
                                     std::size_t width, const char* what);

}  // namespace alsace::mpi
