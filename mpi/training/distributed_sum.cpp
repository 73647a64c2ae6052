#include "mpi/training/distributed_sum.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "mpi/comm/collectives.hpp"
#include "src/error.hpp"

namespace alsace::mpi {
namespace {

constexpr std::uint64_t block_begin(std::uint64_t row) {
  return row / block_rows * block_rows;
}
constexpr std::uint64_t next_block(std::uint64_t row) {
  return (row + block_rows - 1) / block_rows * block_rows;
}

}  // namespace

void RankReducer::max(std::span<double> values) {
  all_reduce_max(comm_, values);
}

void RankReducer::sum(std::span<std::int64_t> values) {
  all_reduce_sum(comm_, values);
}

RowRange whole_blocks(const ShardMap& map, int rank) {
  const RowRange own = map.range(rank);
  const std::uint64_t begin = next_block(own.begin);
  if (begin >= own.end) return {own.end, own.end};
  return {begin, std::min(map.rows(), block_begin(own.end - 1) + block_rows)};
}

std::vector<double> complete_blocks(const Communicator& comm, const ShardMap& map, std::span<const double> own,
                                    std::size_t width) {
  const RowRange mine = map.range(comm.rank());
  ALSACE_CHECK(own.size() == mine.size() * width,
               fmt::format("{} values for {} rows of {}", own.size(), mine.size(), width));
  // Rows before this rank's first block go to the owner of the block they are in.
  const std::uint64_t lead = std::min(mine.end, next_block(mine.begin)) - mine.begin;
  std::vector<std::uint64_t> counts(static_cast<std::size_t>(comm.size()), 0);
  if (lead > 0) counts[static_cast<std::size_t>(map.owner(block_begin(mine.begin)))] = lead * width;
  const auto received = all_to_all(comm, own.first(static_cast<std::size_t>(lead) * width), counts);

  std::vector<double> complete(own.begin() + static_cast<std::ptrdiff_t>(lead * width), own.end());
  complete.insert(complete.end(), received.elements.begin(), received.elements.end());
  ALSACE_CHECK(complete.size() == whole_blocks(map, comm.rank()).size() * width, "blocks are whole");
  return complete;
}

double distributed_sum(const Communicator& comm, const ShardMap& map, std::span<const double> row_values,
                       const char* what) {
  return distributed_sums(comm, map, row_values, 1, what).front();
}

std::vector<double> distributed_sums(const Communicator& comm, const ShardMap& map, std::span<const double> values,
                                     std::size_t width, const char* what) {
  const std::vector<double> complete = complete_blocks(comm, map, values, width);
  RankReducer reducer(comm);
  std::vector<double> sums;
  comm.run_together([&] { sums = exact_sums(complete, width, map.rows(), reducer, what); });
  return sums;
}

}  // namespace alsace::mpi
