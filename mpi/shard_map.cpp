#include "mpi/shard_map.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "src/error.hpp"

namespace alsace::mpi {

ShardMap::ShardMap(std::vector<std::uint64_t> bounds) : bounds_(std::move(bounds)) {
  ALSACE_CHECK(bounds_.size() >= 2, "one bound more than ranks");
  ALSACE_CHECK(std::is_sorted(bounds_.begin(), bounds_.end()), "bounds ascend");
}

ShardMap ShardMap::even(RowRange rows, int ranks) {
  std::vector<std::uint64_t> bounds;
  const auto parts = static_cast<std::uint64_t>(ranks);
  for (std::uint64_t r = 0; r <= parts; ++r) {
    bounds.push_back(rows.begin + rows.size() / parts * r + std::min(r, rows.size() % parts));
  }
  return ShardMap(std::move(bounds));
}

RowRange ShardMap::range(int rank) const {
  const auto r = static_cast<std::size_t>(rank);
  return {bounds_[r], bounds_[r + 1]};
}

int ShardMap::owner(std::uint64_t row) const {
  ALSACE_CHECK(bounds_.front() <= row && row < rows(),
               fmt::format("row = {}, expected {} or more and below {}", row, bounds_.front(), rows()));
  return static_cast<int>(std::upper_bound(bounds_.begin(), bounds_.end(), row) - bounds_.begin()) - 1;
}

}  // namespace alsace::mpi
