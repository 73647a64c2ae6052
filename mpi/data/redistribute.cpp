#include "mpi/data/redistribute.hpp"

#include <algorithm>
#include <numeric>
#include <span>
#include <utility>

#include "mpi/comm/collectives.hpp"
#include "mpi/data/move_ids.hpp"
#include "src/error.hpp"

namespace alsace::mpi {
namespace {

/// How many rows of this rank's range of `from` belong to each rank under `to`. Ranges are contiguous and in rank
/// order, so that rows which leave in order arrive in order.
std::vector<std::uint64_t> rows_to(const Communicator& comm, const ShardMap& from, const ShardMap& to) {
  const RowRange mine = from.range(comm.rank());
  std::vector<std::uint64_t> counts;
  for (int r = 0; r < comm.size(); ++r) {
    const RowRange theirs = to.range(r);
    const std::uint64_t begin = std::max(mine.begin, theirs.begin);
    counts.push_back(std::max(begin, std::min(mine.end, theirs.end)) - begin);
  }
  return counts;
}

/// The chunk in the order of the owners, of which there are `counts` rows each.
InteractionChunk grouped_by_owner(const InteractionChunk& chunk, const ShardMap& users,
                                  std::vector<std::uint64_t>& counts) {
  std::vector<int> owners;
  owners.reserve(chunk.rows.size());
  for (const InteractionChunk::Row& row : chunk.rows) {
    owners.push_back(users.owner(row.user));
    ++counts[static_cast<std::size_t>(owners.back())];
  }
  std::vector<std::uint64_t> next(counts.size(), 0);
  std::exclusive_scan(counts.begin(), counts.end(), next.begin(), std::uint64_t{0});
  InteractionChunk grouped;
  grouped.rows.resize(chunk.rows.size());
  grouped.timestamps.resize(chunk.timestamps.size());
  for (std::size_t i = 0; i < chunk.rows.size(); ++i) {
    const std::uint64_t at = next[static_cast<std::size_t>(owners[i])]++;
    grouped.rows[at] = chunk.rows[i];
    if (!chunk.timestamps.empty()) grouped.timestamps[at] = chunk.timestamps[i];
  }
  return grouped;
}

}  // namespace

IdList redistribute_ids(const Communicator& comm, const IdList& ids, const ShardMap& from, const ShardMap& to) {
  ALSACE_CHECK(from.rows() == to.rows(), "two cuts of one side");
  return all_to_all_ids(comm, ids, rows_to(comm, from, to)).ids;
}

void redistribute_users(const Communicator& comm, DatasetShard& shard, const ShardMap& from, const ShardMap& to) {
  if (from == to) return;
  const std::vector<std::uint64_t> rows = rows_to(comm, from, to);
  SparseRows& sparse = shard.by_user;
  std::vector<std::uint64_t> lengths;
  for (std::size_t u = 0; u < sparse.rows(); ++u) lengths.push_back(sparse.row_length(u));
  std::vector<std::uint64_t> numbers;  // stored numbers for each rank
  std::uint64_t row = 0;
  for (const std::uint64_t count : rows) {
    numbers.push_back(sparse.offsets[row + count] - sparse.offsets[row]);
    row += count;
  }

  lengths = all_to_all<std::uint64_t>(comm, lengths, rows).elements;
  sparse.columns = all_to_all<std::uint32_t>(comm, sparse.columns, numbers).elements;
  sparse.values = all_to_all<float>(comm, sparse.values, numbers).elements;
  if (any_of(comm, !shard.timestamps.empty())) {
    shard.timestamps = all_to_all<std::int64_t>(comm, shard.timestamps, numbers).elements;
  }
  shard.user_ids = redistribute_ids(comm, shard.user_ids, from, to);
  sparse.first_row = to.range(comm.rank()).begin;
  sparse.offsets.assign(lengths.size() + 1, 0);
  std::partial_sum(lengths.begin(), lengths.end(), sparse.offsets.begin() + 1);
}

std::vector<InteractionChunk> send_to_owners(const Communicator& comm, std::vector<InteractionChunk> chunks,
                                             const ShardMap& users) {
  if (comm.size() == 1) return chunks;
  bool timed = false;
  for (const InteractionChunk& chunk : chunks) timed |= !chunk.timestamps.empty();
  timed = any_of(comm, timed);

  const std::size_t rounds = all_reduce_max(comm, static_cast<std::uint64_t>(chunks.size()));
  std::vector<InteractionChunk> received(rounds);
  for (std::size_t round = 0; round < rounds; ++round) {
    InteractionChunk chunk;
    if (round < chunks.size()) chunk = std::exchange(chunks[round], {});
    std::vector<std::uint64_t> counts(static_cast<std::size_t>(comm.size()), 0);
    chunk = grouped_by_owner(chunk, users, counts);
    received[round].rows = all_to_all<InteractionChunk::Row>(comm, chunk.rows, counts).elements;
    if (timed) received[round].timestamps = all_to_all<std::int64_t>(comm, chunk.timestamps, counts).elements;
  }
  return received;
}

}  // namespace alsace::mpi
