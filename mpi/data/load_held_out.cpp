#include "mpi/comm/collectives.hpp"
#include "mpi/data/load_input.hpp"
#include "mpi/data/redistribute.hpp"
#include "src/data/collect_rows.hpp"

namespace alsace::mpi {

HeldOut load_held_out(const Communicator& comm, const std::vector<std::string>& inputs, const io::ReadOptions& options,
                      Duplicates duplicates, const DistributedIds& users, const DistributedIds& items,
                      const ShardMap& user_map) {
  const LoadedDataset data = load_input(comm, inputs, options, duplicates, RowCost{});
  const SparseRows& rows = data.shard.by_user;
  const std::vector<std::uint32_t> user_of = users.lookup(comm, data.shard.user_ids);
  const std::vector<std::uint32_t> own_items = items.lookup(comm, data.shard.item_ids);
  const auto item_of = all_gather_vector<std::uint32_t>(comm, own_items);  // 4 bytes an item of the held-out data

  HeldOut held_out;
  held_out.fingerprint = data.fingerprint;
  std::vector<InteractionChunk> known(1);
  for (std::size_t u = 0; u < rows.rows(); ++u) {
    if (user_of[u] == DistributedIds::absent) {
      ++held_out.unknown_users;
      continue;
    }
    const auto columns = rows.columns_of(u);
    const auto values = rows.values_of(u);
    for (std::size_t j = 0; j < columns.size(); ++j) {
      known[0].rows.push_back({user_of[u], item_of[columns[j]], values[j]});
    }
  }
  held_out.unknown_users = all_reduce_sum(comm, held_out.unknown_users);
  held_out.interactions = all_reduce_sum(comm, static_cast<std::uint64_t>(known[0].rows.size()));

  const RowRange mine = user_map.range(comm.rank());
  held_out.unknown_items.assign(mine.size(), 0);
  std::vector<InteractionChunk> received = send_to_owners(comm, std::move(known), user_map);
  for (InteractionChunk& chunk : received) {
    std::erase_if(chunk.rows, [&](const InteractionChunk::Row& row) {
      if (row.item != DistributedIds::absent) return false;
      ++held_out.unknown_items[row.user - mine.begin];
      return true;
    });
  }
  held_out.by_user = collect_rows(mine, std::move(received), Duplicates::last).by_user;  // pairs are unique by now
  return held_out;
}

}  // namespace alsace::mpi
