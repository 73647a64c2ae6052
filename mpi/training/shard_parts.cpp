#include "mpi/training/shard_parts.hpp"

#include <algorithm>
#include <utility>

#include "mpi/comm/collectives.hpp"
#include "src/error.hpp"

namespace alsace::mpi {
namespace {

/// At most so many parts: the last one, which no solving hides, is then about 6 % of the shard.
constexpr int most_parts = 16;
/// A part smaller than this is not worth messages of its own.
constexpr std::size_t least_part_bytes = std::size_t{1} << 16;

}  // namespace

ShardParts::ShardParts(std::vector<std::uint64_t> bounds, int parts) : bounds_(std::move(bounds)), parts_(parts) {
  ALSACE_CHECK(parts >= 1 && (bounds_.size() - 1) % static_cast<std::size_t>(parts) == 0,
               "a bound for each part of each rank, and the last");
  ALSACE_CHECK(std::is_sorted(bounds_.begin(), bounds_.end()), "bounds ascend");
}

std::vector<std::uint64_t> cut_in_parts(const SparseRows& rows, const RowCost& cost, int parts) {
  const auto cost_before = [&](std::size_t row) {
    return cost.per_row * static_cast<double>(row) + cost.per_interaction * static_cast<double>(rows.offsets[row]);
  };
  const double total = cost_before(rows.rows());
  std::vector<std::uint64_t> bounds;
  std::size_t row = 0;
  for (int part = 0; part < parts; ++part) {
    const double target = total * part / parts;
    while (row < rows.rows() && cost_before(row) < target) ++row;
    bounds.push_back(rows.first_row + row);
  }
  return bounds;
}

int parts_of(std::uint64_t rows, std::size_t row_bytes) {
  return static_cast<int>(std::clamp<std::uint64_t>(rows * row_bytes / least_part_bytes, 1, most_parts));
}

ShardParts cut_shards(const Communicator& comm, const ShardMap& map, const SparseRows& rows, const RowCost& cost,
                      std::size_t row_bytes) {
  std::uint64_t largest = 0;
  for (int rank = 0; rank < map.ranks(); ++rank) largest = std::max(largest, map.range(rank).size());
  const int parts = parts_of(largest, row_bytes);
  const auto mine = cut_in_parts(rows, cost, parts);
  auto bounds = all_gather_vector<std::uint64_t>(comm, mine);
  bounds.push_back(map.rows());
  return {std::move(bounds), parts};
}

}  // namespace alsace::mpi
