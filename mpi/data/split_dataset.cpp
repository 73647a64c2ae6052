#include "mpi/data/split_dataset.hpp"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <span>
#include <string_view>

#include <fmt/format.h>

#include "mpi/comm/collectives.hpp"
#include "mpi/data/distributed_ids.hpp"
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

bool all_digits(const IdList& ids) {
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const std::string_view id = ids[i];
    if (!std::all_of(id.begin(), id.end(), [](char c) { return c >= '0' && c <= '9'; })) return false;
  }
  return true;
}

/// Whether dropping ids from the whole leaves them in another order than the contract's: by value if all are digits.
bool order_changes(const Communicator& comm, const IdList& whole, const IdList& kept) {
  return all_of(comm, all_digits(kept)) && !all_of(comm, all_digits(whole));
}

/// The part's rows of this rank, with the whole's item indices; users without interactions are left out.
struct KeptRows {
  IdList user_ids;
  SparseRows rows;
  std::vector<std::int64_t> timestamps;
};

KeptRows keep_rows(const DatasetShard& shard, const std::vector<Part>& parts, Part part) {
  KeptRows kept;
  for (std::size_t row = 0; row < shard.by_user.rows(); ++row) {
    for (auto i = static_cast<std::size_t>(shard.by_user.offsets[row]); i < shard.by_user.offsets[row + 1]; ++i) {
      if (parts[i] != part) continue;
      kept.rows.columns.push_back(shard.by_user.columns[i]);
      kept.rows.values.push_back(shard.by_user.values[i]);
      if (!shard.timestamps.empty()) kept.timestamps.push_back(shard.timestamps[i]);
    }
    if (kept.rows.columns.size() == kept.rows.offsets.back()) continue;
    kept.rows.offsets.push_back(kept.rows.columns.size());
    kept.user_ids.push_back(shard.user_ids[row]);
  }
  return kept;
}

/// Sends every row to the rank that has its place in the new order of the users.
KeptRows reorder_users(const Communicator& comm, const KeptRows& kept, bool has_timestamps) {
  const DistributedIds ids = DistributedIds::build(comm, kept.user_ids);
  const std::vector<std::uint32_t> place = ids.lookup(comm, kept.user_ids);
  std::vector<std::size_t> order(kept.rows.rows());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return place[a] < place[b]; });

  struct Row {
    std::uint64_t place;
    std::uint64_t length;
  };
  const auto ranks = static_cast<std::size_t>(comm.size());
  std::vector<std::uint64_t> row_counts(ranks);
  std::vector<std::uint64_t> counts(ranks);
  std::vector<Row> rows;
  KeptRows sent;
  for (const std::size_t row : order) {
    const auto owner = static_cast<std::size_t>(ids.map().owner(place[row]));
    const auto columns = kept.rows.columns_of(row);
    const auto values = kept.rows.values_of(row);
    const auto begin =
        kept.timestamps.begin() + (has_timestamps ? static_cast<std::ptrdiff_t>(kept.rows.offsets[row]) : 0);
    rows.push_back({place[row], columns.size()});
    row_counts[owner] += 1;
    counts[owner] += columns.size();
    sent.rows.columns.insert(sent.rows.columns.end(), columns.begin(), columns.end());
    sent.rows.values.insert(sent.rows.values.end(), values.begin(), values.end());
    if (has_timestamps)
      sent.timestamps.insert(sent.timestamps.end(), begin, begin + static_cast<std::ptrdiff_t>(columns.size()));
  }
  const auto got_rows = all_to_all<Row>(comm, rows, row_counts);
  const auto columns = all_to_all<std::uint32_t>(comm, sent.rows.columns, counts);
  const auto values = all_to_all<float>(comm, sent.rows.values, counts);
  std::vector<std::int64_t> timestamps;
  if (has_timestamps) timestamps = all_to_all<std::int64_t>(comm, sent.timestamps, counts).elements;

  // Rows of each rank come in order; put those of all ranks in order.
  struct Arrived {
    Row row;
    std::size_t begin;
  };
  std::vector<Arrived> arrived;
  std::size_t at = 0;
  for (const Row& row : got_rows.elements) {
    arrived.push_back({row, at});
    at += static_cast<std::size_t>(row.length);
  }
  std::sort(arrived.begin(), arrived.end(),
            [](const Arrived& a, const Arrived& b) { return a.row.place < b.row.place; });
  KeptRows result;
  result.user_ids = ids.mine();
  for (const Arrived& next : arrived) {
    for (std::size_t i = next.begin; i < next.begin + next.row.length; ++i) {
      result.rows.columns.push_back(columns.elements[i]);
      result.rows.values.push_back(values.elements[i]);
      if (has_timestamps) result.timestamps.push_back(timestamps[i]);
    }
    result.rows.offsets.push_back(result.rows.columns.size());
  }
  return result;
}

/// Gives the columns their indices among the items that are kept, and fills the shard's item ids.
void renumber_items(const Communicator& comm, const DatasetShard& whole, DatasetShard& part) {
  std::vector<std::uint8_t> present(static_cast<std::size_t>(whole.items), 0);
  for (const std::uint32_t item : part.by_user.columns) present[item] = 1;
  all_reduce_max(comm, std::span(present));
  IdList kept;
  for (std::uint64_t item = whole.item_range().begin; item < whole.item_range().end; ++item) {
    if (present[static_cast<std::size_t>(item)] != 0)
      kept.push_back(whole.item_ids[static_cast<std::size_t>(item - whole.first_item)]);
  }
  part.items = all_reduce_sum<std::uint64_t>(comm, kept.size());

  std::vector<std::uint32_t> new_index(present.size());
  std::exclusive_scan(present.begin(), present.end(), new_index.begin(), 0U);
  if (!order_changes(comm, whole.item_ids, kept)) {
    part.first_item = exclusive_sum<std::uint64_t>(comm, kept.size());
    part.item_ids = std::move(kept);
  } else {
    // Kept items in the old order get their places in the new one.
    const DistributedIds ids = DistributedIds::build(comm, kept);
    const auto mine = ids.lookup(comm, kept);
    const auto places = all_gather_vector<std::uint32_t>(comm, mine);
    for (std::size_t item = 0; item < present.size(); ++item) {
      if (present[item] != 0) new_index[item] = places[new_index[item]];
    }
    part.first_item = ids.map().range(comm.rank()).begin;
    part.item_ids = ids.mine();
  }
  for (std::uint32_t& item : part.by_user.columns) item = new_index[item];
}

/// Columns ascend within a row again, after their numbers changed.
void sort_columns(DatasetShard& shard) {
  SparseRows& rows = shard.by_user;
  std::vector<std::size_t> order;
  const SparseRows before = rows;
  const std::vector<std::int64_t> times = shard.timestamps;
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    const auto begin = static_cast<std::size_t>(rows.offsets[row]);
    order.resize(rows.row_length(row));
    std::iota(order.begin(), order.end(), begin);
    std::sort(order.begin(), order.end(),
              [&](std::size_t a, std::size_t b) { return before.columns[a] < before.columns[b]; });
    for (std::size_t i = 0; i < order.size(); ++i) {
      rows.columns[begin + i] = before.columns[order[i]];
      rows.values[begin + i] = before.values[order[i]];
      if (!times.empty()) shard.timestamps[begin + i] = times[order[i]];
    }
  }
}

}  // namespace

std::vector<Part> split_interactions(const Communicator& comm, const SplitConfig& config, const DatasetShard& shard) {
  config.validate();
  if (config.needs_timestamps() && all_of(comm, shard.timestamps.empty())) {
    throw input_error("timestamp = none, expected one a row: this way of splitting goes by time");
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
  const bool has_timestamps = any_of(comm, !shard.timestamps.empty());
  KeptRows kept = keep_rows(shard, parts, part);
  if (order_changes(comm, shard.user_ids, kept.user_ids)) kept = reorder_users(comm, kept, has_timestamps);

  DatasetShard result;
  result.by_user = std::move(kept.rows);
  result.timestamps = std::move(kept.timestamps);
  result.user_ids = std::move(kept.user_ids);
  result.users = all_reduce_sum<std::uint64_t>(comm, result.user_ids.size());
  result.by_user.first_row = exclusive_sum<std::uint64_t>(comm, result.user_ids.size());
  result.interactions = all_reduce_sum<std::uint64_t>(comm, result.by_user.nonzeros());
  renumber_items(comm, shard, result);
  sort_columns(result);
  return result;
}

}  // namespace alsace::mpi
