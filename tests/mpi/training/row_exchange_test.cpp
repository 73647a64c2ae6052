#include "mpi/training/row_exchange.hpp"

#include <cstring>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "mpi/comm/collectives.hpp"

namespace alsace::mpi {
namespace {

constexpr std::uint64_t rows_a_rank = 11;
constexpr int parts_a_rank = 5;
constexpr std::size_t width = 4000;   // numbers of a row that travel: more than MPI copies before it returns
constexpr std::size_t stride = 4003;  // and of a row in the table

ShardParts shards(int ranks) {
  std::vector<std::uint64_t> bounds;
  for (int rank = 0; rank < ranks; ++rank)
    for (const std::uint64_t first : {0U, 1U, 4U, 4U, 9U})
      bounds.push_back(static_cast<std::uint64_t>(rank) * rows_a_rank + first);
  bounds.push_back(static_cast<std::uint64_t>(ranks) * rows_a_rank);
  return {bounds, parts_a_rank};
}

int value(std::uint64_t row, std::size_t k, int round) {
  return static_cast<int>(row * 10000 + k) + round * 1000000;
}

/// Runs three exchanges with rows solved a few at a time, and checks every number of the table.
void exchange_and_check(const Communicator& comm, ExchangePlan plan, const std::vector<std::uint32_t>& held) {
  const auto own_row = static_cast<std::uint64_t>(comm.rank()) * rows_a_rank;
  std::uint64_t own_first = 0;
  while (held[own_first] != own_row) ++own_first;
  std::vector<int> table(held.size() * stride, -1);
  RowExchange exchange(
      comm, std::move(plan),
      {reinterpret_cast<std::byte*>(table.data()), own_first, width * sizeof(int), stride * sizeof(int)});

  for (int round = 0; round < 3; ++round) {
    exchange.start();
    for (std::uint64_t solved = 0; solved < rows_a_rank - 2; solved += 2) {
      for (std::uint64_t row = solved; row < solved + 2; ++row)
        for (std::size_t k = 0; k < width; ++k) table[(own_first + row) * stride + k] = value(own_row + row, k, round);
      if (round != 1) exchange.solved(solved + 2);  // once all parts leave at the end
    }
    for (std::uint64_t row = rows_a_rank - 2; row < rows_a_rank; ++row)
      for (std::size_t k = 0; k < width; ++k) table[(own_first + row) * stride + k] = value(own_row + row, k, round);
    exchange.start_rest();
    exchange.finish();

    for (std::size_t place = 0; place < held.size(); ++place)
      for (std::size_t k = 0; k < stride; ++k)
        ASSERT_EQ(table[place * stride + k], k < width ? value(held[place], k, round) : -1)
            << "row " << held[place] << " in round " << round;
    barrier(comm);
  }
}

TEST(RowExchangeTest, replicate_moves_strided_rows_part_by_part) {
  const auto world = Communicator::world();
  const ShardParts parts = shards(world.size());
  std::vector<std::uint32_t> all(static_cast<std::size_t>(world.size()) * rows_a_rank);
  std::iota(all.begin(), all.end(), 0U);

  exchange_and_check(world, replicate_plan(parts, RankGroups::singles(world.size()), world.rank()), all);
}

TEST(RowExchangeTest, needed_moves_scattered_rows_part_by_part) {
  const auto world = Communicator::world();
  const ShardParts parts = shards(world.size());
  const RowRange own = parts.shard(world.rank());
  std::vector<std::uint32_t> held;
  for (std::uint32_t row = 0; row < parts.shard(world.size() - 1).end; ++row)
    if (own.contains(row) || (row + static_cast<std::uint32_t>(world.rank())) % 3 != 0) held.push_back(row);

  exchange_and_check(world, needed_plan(world, parts, held), held);
}

}  // namespace
}  // namespace alsace::mpi
