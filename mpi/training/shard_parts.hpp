#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "mpi/comm/communicator.hpp"
#include "mpi/shard_map.hpp"
#include "src/als/row_cost.hpp"
#include "src/data/ids.hpp"
#include "src/data/sparse_rows.hpp"

namespace alsace::mpi {

/// Every rank's shard of one side cut into parts that leave one after the other while the next is solved. Global row
/// numbers; known whole to every rank; 8 bytes a part and rank. Any part may be empty.
class ShardParts {
 public:
  /// bounds[r · parts + p] is the first row of part p of rank r; the last bound is the number of rows; ascending.
  ShardParts(std::vector<std::uint64_t> bounds, int parts);

  [[nodiscard]] int parts() const { return parts_; }
  [[nodiscard]] int ranks() const { return static_cast<int>((bounds_.size() - 1) / static_cast<std::size_t>(parts_)); }
  [[nodiscard]] RowRange range(int rank, int part) const {
    const auto at = static_cast<std::size_t>(rank) * static_cast<std::size_t>(parts_) + static_cast<std::size_t>(part);
    return {bounds_[at], bounds_[at + 1]};
  }
  [[nodiscard]] RowRange shard(int rank) const { return {range(rank, 0).begin, range(rank, parts_ - 1).end}; }

 private:
  std::vector<std::uint64_t> bounds_;
  int parts_;
};

/// The first rows of `parts` parts of about equal cost, as global row numbers.
std::vector<std::uint64_t> cut_in_parts(const SparseRows& rows, const RowCost& cost, int parts);

/// How many parts a shard of `rows` rows of `row_bytes` is worth: enough that little is left to send when the last row
/// is solved, few enough that no part is small.
int parts_of(std::uint64_t rows, std::size_t row_bytes);

/// Cuts the shards of all ranks; `rows` are those of this rank. Collective: 8 bytes a part and rank.
ShardParts cut_shards(const Communicator& comm, const ShardMap& map, const SparseRows& rows, const RowCost& cost,
                      std::size_t row_bytes);

}  // namespace alsace::mpi
