#pragma once

#include <cstdint>

#include "mpi/comm/communicator.hpp"
#include "mpi/shard_map.hpp"
#include "src/matrix.hpp"

namespace alsace::mpi {

/// The factors of one side under `--exchange replicate`: every rank holds all rows, solves its own, and gets the
/// others' from the ranks that solved them. 4·K bytes a row on every rank.
class ReplicatedFactors {
 public:
  /// All zero. Not collective.
  ReplicatedFactors(const Communicator& comm, ShardMap map, int factors);

  [[nodiscard]] const ShardMap& map() const { return map_; }
  [[nodiscard]] RowRange own_range() const { return map_.range(comm_.rank()); }
  [[nodiscard]] const FactorMatrix& all() const { return all_; }
  /// This rank's rows within all(): own_range().size() × K floats.
  [[nodiscard]] float* own() { return all_.data() + own_offset(); }
  [[nodiscard]] const float* own() const { return all_.data() + own_offset(); }
  [[nodiscard]] auto own_rows() const {
    return all_.middleRows(static_cast<Eigen::Index>(own_range().begin), static_cast<Eigen::Index>(own_range().size()));
  }

  /// Brings every other rank's rows here. Collective. Returns the bytes received, which is also the least possible
  /// under `replicate`: each row that this rank does not solve, once.
  std::uint64_t complete();

 private:
  [[nodiscard]] Eigen::Index own_offset() const { return static_cast<Eigen::Index>(own_range().begin) * all_.cols(); }

  const Communicator& comm_;
  ShardMap map_;
  FactorMatrix all_;
};

}  // namespace alsace::mpi
