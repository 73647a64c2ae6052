#pragma once

#include <cstdint>
#include <vector>

#include "mpi/comm/communicator.hpp"
#include "mpi/shard_map.hpp"
#include "src/data/id_list.hpp"

namespace alsace::mpi {

/// The ids of one side in index order, cut in contiguous ranges over the ranks: rank r holds those of map().range(r).
/// No rank ever holds them all. Index order, whatever the rank count: by value if all ids are digits, then by bytes;
/// else by bytes.
class DistributedIds {
 public:
  /// Sorts and numbers the union of every rank's ids (duplicates within and between ranks welcome). Collective: every
  /// id moves once (sample sort).
  static DistributedIds build(const Communicator& comm, const IdList& ids);

  /// From ids that are in index order already: rank r has those of `map.range(r)`. Collective: the ranges' first ids
  /// move.
  static DistributedIds from_sorted(const Communicator& comm, IdList mine, ShardMap map);

  [[nodiscard]] const IdList& mine() const { return mine_; }
  [[nodiscard]] const ShardMap& map() const { return map_; }
  [[nodiscard]] std::uint64_t size() const { return map_.rows(); }

  static constexpr std::uint32_t absent = 0xffffffffU;
  /// The index of each id of `ids`, or `absent`. Collective: every id goes to its owner, an index comes back.
  [[nodiscard]] std::vector<std::uint32_t> lookup(const Communicator& comm, const IdList& ids) const;

 private:
  DistributedIds(IdList mine, ShardMap map) : mine_(std::move(mine)), map_(std::move(map)) {}

  IdList mine_;
  ShardMap map_;
  IdList first_ids_;             // of every rank that has ids
  std::vector<int> first_rank_;  // the ranks they belong to
  bool numeric_ = false;         // all ids of all ranks are digits
};

/// Where a rank with `size` sorted ids of `total` over all ranks takes samples to choose the cuts from, ascending:
/// about 64 a rank over all, in proportion to what each has, and at least one where there is an id. Integers only.
/// Every rank holds all samples: 64 ids a rank.
std::vector<std::uint64_t> sample_places(std::uint64_t size, std::uint64_t total, int rank, int ranks);

}  // namespace alsace::mpi
