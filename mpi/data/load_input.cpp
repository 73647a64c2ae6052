#include "mpi/data/load_input.hpp"

#include <fmt/format.h>

#include "io/store/dataset_store.hpp"
#include "io/text.hpp"
#include "mpi/comm/collectives.hpp"
#include "mpi/data/fingerprint.hpp"
#include "mpi/data/load_dataset.hpp"
#include "mpi/data/move_ids.hpp"
#include "mpi/data/parse_inputs.hpp"
#include "mpi/data/redistribute.hpp"
#include "src/data/collect_rows.hpp"
#include "src/error.hpp"

namespace alsace::mpi {
namespace {

/// The id of one row of a side, on every rank.
std::string id_of(const Communicator& comm, const DistributedIds& ids, std::uint32_t row) {
  const int owner = ids.map().owner(row);
  std::vector<char> text;
  if (comm.rank() == owner) {
    const std::string_view id = ids.mine()[row - ids.map().range(owner).begin];
    text.assign(id.begin(), id.end());
  }
  broadcast_vector(comm, text, owner);
  return {text.begin(), text.end()};
}

/// Throws on all ranks alike when any of them has a pair that cannot be merged: the first in index order.
void refuse_pair(const Communicator& comm, const std::vector<std::string>& inputs, const Merged& merged,
                 Duplicates duplicates, const DistributedIds& users, const DistributedIds& items) {
  constexpr std::uint64_t nothing = ~std::uint64_t{0};
  std::uint64_t mine = nothing;
  if (merged.refused) mine = std::uint64_t{merged.refused->user} << 32U | merged.refused->item;
  const std::uint64_t first = all_reduce_min(comm, mine);
  if (first == nothing) return;
  const std::string user = id_of(comm, users, static_cast<std::uint32_t>(first >> 32U));
  const std::string item = id_of(comm, items, static_cast<std::uint32_t>(first));
  throw AgreedError(input_error(
      duplicates == Duplicates::error
          ? fmt::format("{}: rows of user {} and item {} = more than one, expected one with --duplicates error",
                        io::joined(inputs, ", "), user, item)
          : fmt::format("{}: sum of the rows of user {} and item {} = out of range, expected one within ±3.4e38",
                        io::joined(inputs, ", "), user, item)));
}

/// Local numbers of users and items become global ones.
void renumber(std::vector<InteractionChunk>& chunks, const std::vector<std::uint32_t>& users,
              const std::vector<std::uint32_t>& items) {
  for (InteractionChunk& chunk : chunks) {
    for (InteractionChunk::Row& row : chunk.rows) {
      row.user = users[row.user];
      row.item = items[row.item];
    }
  }
}

LoadedDataset load_raw(const Communicator& comm, const std::vector<std::string>& inputs, const io::ReadOptions& options,
                       Duplicates duplicates, const RowCost& cost) {
  ParsedInputs parsed = parse_inputs(comm, inputs, options);
  const DistributedIds users = DistributedIds::build(comm, parsed.users.ids());
  const DistributedIds items = DistributedIds::build(comm, parsed.items.ids());
  if (users.size() == 0)
    throw AgreedError(input_error(fmt::format("{}: no interactions in the input", io::joined(inputs, ", "))));
  renumber(parsed.chunks, users.lookup(comm, parsed.users.ids()), items.lookup(comm, parsed.items.ids()));

  CollectedRows rows = collect_rows(users.map().range(comm.rank()),
                                    send_to_owners(comm, std::move(parsed.chunks), users.map()), duplicates);
  refuse_pair(comm, inputs, rows.merged, duplicates, users, items);

  DatasetShard shard;
  shard.users = users.size();
  shard.items = items.size();
  shard.interactions = all_reduce_sum(comm, static_cast<std::uint64_t>(rows.by_user.nonzeros()));
  shard.by_user = std::move(rows.by_user);
  shard.timestamps = std::move(rows.timestamps);
  shard.user_ids = users.mine();

  std::vector<std::uint64_t> lengths;
  for (std::size_t u = 0; u < shard.by_user.rows(); ++u) lengths.push_back(shard.by_user.row_length(u));
  ShardMap user_map = cut_by_cost(comm, users.map(), lengths, cost);
  ShardMap item_map = ShardMap::even(items.size(), comm.size());
  redistribute_users(comm, shard, users.map(), user_map);
  shard.item_ids = redistribute_ids(comm, items.mine(), items.map(), item_map);
  shard.first_item = item_map.range(comm.rank()).begin;

  shard.first_interaction = exclusive_sum(comm, static_cast<std::uint64_t>(shard.by_user.nonzeros()));

  const Fingerprint fingerprint = fingerprint_together(comm, shard);
  parsed.report.rows_merged = all_reduce_sum(comm, rows.merged.rows_merged);
  return {std::move(shard), std::move(user_map), std::move(item_map), fingerprint, parsed.report};
}

}  // namespace

LoadedDataset load_input(const Communicator& comm, const std::vector<std::string>& inputs,
                         const io::ReadOptions& options, Duplicates duplicates, const RowCost& cost) {
  bool stored = false;
  comm.run_together([&] {
    if (!comm.is_root()) return;
    if (inputs.empty()) throw usage_error("INPUT = nothing, expected a data set or raw files");
    for (const std::string& input : inputs) {
      if (!io::is_dataset(input)) continue;
      stored = true;
      if (inputs.size() > 1) {
        throw usage_error(
            fmt::format("{}: is a data set, expected it to be the only input, or raw files alone", input));
      }
    }
  });
  stored = any_of(comm, stored);
  return stored ? load_dataset(comm, inputs[0], cost) : load_raw(comm, inputs, options, duplicates, cost);
}

}  // namespace alsace::mpi
