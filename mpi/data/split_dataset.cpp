#include "mpi/data/split_dataset.hpp"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <span>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "mpi/comm/collectives.hpp"
#include "mpi/data/distributed_ids.hpp"
#include "mpi/data/redistribute.hpp"
#include "src/data/collect_rows.hpp"
#include "src/data/id_order.hpp"
#include "src/data/interaction.hpp"
#include "src/error.hpp"

namespace alsace::mpi {
namespace {

SplitCuts cuts_of(const Communicator& comm, const SplitConfig& config, const DatasetShard& shard) {
  std::vector<std::uint64_t> keys;
  keys.reserve(shard.by_user.nonzeros());
  for (std::size_t row = 0; row < shard.by_user.rows(); ++row) {
    const std::uint64_t user = shard.by_user.first_row + row;
    for (auto i = static_cast<std::size_t>(shard.by_user.offsets[row]); i < shard.by_user.offsets[row + 1]; ++i) {
      keys.push_back(
          split_key(config, user, shard.by_user.columns[i], shard.timestamps.empty() ? 0 : shard.timestamps[i]));
    }
  }
  std::sort(keys.begin(), keys.end());
  return find_cuts(config, shard.interactions, [&](std::uint64_t key) {
    const auto from = std::lower_bound(keys.begin(), keys.end(), key);
    return all_reduce_sum(comm, static_cast<std::uint64_t>(keys.end() - from));
  });
}

/// Whether dropping ids from the whole leaves them in another order than the contract's: by value if all are digits.
bool order_changes(const Communicator& comm, const IdList& whole, const IdList& kept) {
  return all_of(comm, all_digits(kept)) && !all_of(comm, all_digits(whole));
}

/// The part's rows of this rank with the whole's item indices; users without interactions are left out.
DatasetShard keep_rows(const DatasetShard& whole, const std::vector<Part>& parts, Part part) {
  DatasetShard kept;
  for (std::size_t row = 0; row < whole.by_user.rows(); ++row) {
    for (auto i = static_cast<std::size_t>(whole.by_user.offsets[row]); i < whole.by_user.offsets[row + 1]; ++i) {
      if (parts[i] != part) continue;
      kept.by_user.columns.push_back(whole.by_user.columns[i]);
      kept.by_user.values.push_back(whole.by_user.values[i]);
      if (!whole.timestamps.empty()) kept.timestamps.push_back(whole.timestamps[i]);
    }
    if (kept.by_user.columns.size() == kept.by_user.offsets.back()) continue;
    kept.by_user.offsets.push_back(kept.by_user.columns.size());
    kept.user_ids.push_back(whole.user_ids[row]);
  }
  return kept;
}

/// Fills the shard's item ids and the columns' indices among them. True when the order of the items has changed, so
/// that columns may no longer ascend.
bool renumber_items(const Communicator& comm, const DatasetShard& whole, DatasetShard& part) {
  std::vector<std::uint8_t> present(static_cast<std::size_t>(whole.items), 0);
  for (const std::uint32_t item : part.by_user.columns) present[item] = 1;
  all_reduce_max(comm, std::span(present));
  IdList kept;
  for (std::size_t i = 0; i < whole.item_ids.size(); ++i) {
    if (present[static_cast<std::size_t>(whole.first_item) + i] != 0) kept.push_back(whole.item_ids[i]);
  }
  std::vector<std::uint32_t> new_index(present.size());
  std::exclusive_scan(present.begin(), present.end(), new_index.begin(), std::uint32_t{0});
  part.items = all_reduce_sum<std::uint64_t>(comm, kept.size());
  part.first_item = exclusive_sum<std::uint64_t>(comm, kept.size());

  const bool changed = order_changes(comm, whole.item_ids, kept);
  if (changed) {
    const DistributedIds ids = DistributedIds::build(comm, kept);
    const auto place = all_gather_vector<std::uint32_t>(comm, ids.lookup(comm, kept));  // by old order of the kept
    for (std::size_t item = 0; item < present.size(); ++item) {
      if (present[item] != 0) new_index[item] = place[new_index[item]];
    }
    part.first_item = ids.map().range(comm.rank()).begin;
    kept = ids.mine();
  }
  part.item_ids = std::move(kept);
  for (std::uint32_t& item : part.by_user.columns) item = new_index[item];
  return changed;
}

/// Puts users and columns in order after one of the sides has changed its own.
void reorder(const Communicator& comm, DatasetShard& part) {
  const DistributedIds users = DistributedIds::build(comm, part.user_ids);
  const std::vector<std::uint32_t> place = users.lookup(comm, part.user_ids);
  std::vector<InteractionChunk> leaving(1);
  leaving[0].timestamps = std::move(part.timestamps);
  for (std::size_t row = 0; row < part.by_user.rows(); ++row) {
    const auto columns = part.by_user.columns_of(row);
    const auto values = part.by_user.values_of(row);
    for (std::size_t i = 0; i < columns.size(); ++i) leaving[0].rows.push_back({place[row], columns[i], values[i]});
  }
  CollectedRows rows = collect_rows(users.map().range(comm.rank()),
                                    send_to_owners(comm, std::move(leaving), users.map()), Duplicates::last);
  part.by_user = std::move(rows.by_user);
  part.timestamps = std::move(rows.timestamps);
  part.user_ids = users.mine();
}

}  // namespace

std::vector<Part> split_interactions(const Communicator& comm, const SplitConfig& config, const DatasetShard& shard) {
  config.validate();
  if (config.needs_timestamps() && all_of(comm, shard.timestamps.empty())) {
    throw AgreedError(input_error("timestamp = none, expected one a row: this way of splitting goes by time"));
  }
  const SplitCuts cuts = config.is_global() ? cuts_of(comm, config, shard) : SplitCuts();
  std::vector<Part> parts;
  parts.reserve(shard.by_user.nonzeros());
  for (std::size_t row = 0; row < shard.by_user.rows(); ++row) {
    const auto columns = shard.by_user.columns_of(row);
    std::span<const std::int64_t> timestamps = shard.timestamps;
    if (!timestamps.empty())
      timestamps = timestamps.subspan(static_cast<std::size_t>(shard.by_user.offsets[row]), columns.size());
    const auto row_parts = split_row(config, cuts, shard.by_user.first_row + row, columns, timestamps);
    parts.insert(parts.end(), row_parts.begin(), row_parts.end());
  }
  return parts;
}

DatasetShard extract_part(const Communicator& comm, const DatasetShard& shard, const std::vector<Part>& parts,
                          Part part) {
  ALSACE_CHECK(parts.size() == shard.by_user.nonzeros(),
               fmt::format("{} parts of {}", parts.size(), shard.by_user.nonzeros()));
  DatasetShard result = keep_rows(shard, parts, part);
  result.users = all_reduce_sum<std::uint64_t>(comm, result.user_ids.size());
  result.interactions = all_reduce_sum<std::uint64_t>(comm, result.by_user.nonzeros());
  result.by_user.first_row = exclusive_sum<std::uint64_t>(comm, result.user_ids.size());
  const bool users_changed = order_changes(comm, shard.user_ids, result.user_ids);
  const bool items_changed = renumber_items(comm, shard, result);
  if (users_changed || items_changed) reorder(comm, result);
  return result;
}

}  // namespace alsace::mpi
