#include "src/data/collect_rows.hpp"

#include <algorithm>
#include <bit>
#include <functional>
#include <numeric>
#include <optional>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "src/error.hpp"

namespace alsace {
namespace {

/// Where the rows of each user begin and end.
std::vector<std::uint64_t> count_rows(RowRange range, const std::vector<InteractionChunk>& chunks) {
  std::vector<std::uint64_t> offsets(static_cast<std::size_t>(range.size()) + 1, 0);
  for (const InteractionChunk& chunk : chunks) {
    for (const InteractionChunk::Row& row : chunk.rows) {
      ALSACE_CHECK(range.contains(row.user), "a row of another shard");
      ++offsets[static_cast<std::size_t>(row.user - range.begin) + 1];
    }
  }
  std::partial_sum(offsets.begin(), offsets.end(), offsets.begin());
  return offsets;
}

/// Moves every interaction to the next free place of its user.
void place_rows(std::vector<InteractionChunk> chunks, CollectedRows& collected) {
  SparseRows& sparse = collected.by_user;
  std::vector<std::uint64_t> next(sparse.offsets.begin(), sparse.offsets.end() - 1);
  for (InteractionChunk& chunk : chunks) {
    const bool timed = !chunk.timestamps.empty();
    ALSACE_CHECK(!timed || chunk.timestamps.size() == chunk.rows.size(),
                 fmt::format("{} timestamps of {} rows", chunk.timestamps.size(), chunk.rows.size()));
    for (std::size_t i = 0; i < chunk.rows.size(); ++i) {
      const InteractionChunk::Row& row = chunk.rows[i];
      const auto at = static_cast<std::size_t>(next[static_cast<std::size_t>(row.user - sparse.first_row)]++);
      sparse.columns[at] = row.item;
      sparse.values[at] = row.value;
      if (timed) collected.timestamps[at] = chunk.timestamps[i];
    }
    chunk = {};
  }
}

/// Whole numbers in the order of finite floats.
std::uint32_t ordered_bits(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return bits >> 31U != 0 ? ~bits : bits | 0x80000000U;
}
float from_ordered_bits(std::uint32_t bits) {
  return std::bit_cast<float>(bits >> 31U != 0 ? bits & 0x7fffffffU : ~bits);
}

/// Brings the rows of one user in order and merges them. Keeps its scratch memory from one user to the next.
class RowMerger {
 public:
  RowMerger(CollectedRows& collected, Duplicates duplicates) : collected_(collected), duplicates_(duplicates) {}

  /// What stands at [begin, end) goes to `to` and what follows, one a pair; behind it. `to` is not behind `begin`.
  /// Nothing when a pair must not be merged.
  std::optional<std::size_t> merge(std::uint32_t user, std::size_t begin, std::size_t end, std::size_t to) {
    const auto columns = std::span(collected_.by_user.columns).subspan(begin, end - begin);
    const bool in_order = std::adjacent_find(columns.begin(), columns.end(), std::greater_equal<>()) == columns.end();
    if (in_order) return move(begin, end, to);
    if (collected_.timestamps.empty()) {
      sort_keys(begin, end);
      if (std::adjacent_find(columns.begin(), columns.end()) == columns.end()) return move(begin, end, to);
    }
    return merge_groups(user, begin, end, to);
  }

 private:
  std::size_t move(std::size_t begin, std::size_t end, std::size_t to) {
    const auto shift = [=](auto& numbers) {
      const auto at = numbers.begin();
      const auto offset = [](std::size_t i) { return static_cast<std::ptrdiff_t>(i); };
      std::copy(at + offset(begin), at + offset(end), at + offset(to));
    };
    if (to != begin) {
      shift(collected_.by_user.columns);
      shift(collected_.by_user.values);
      if (!collected_.timestamps.empty()) shift(collected_.timestamps);
    }
    return to + (end - begin);
  }

  /// Without timestamps, item and value are one number.
  void sort_keys(std::size_t begin, std::size_t end) {
    SparseRows& sparse = collected_.by_user;
    keys_.clear();
    for (std::size_t i = begin; i < end; ++i) {
      keys_.push_back(std::uint64_t{sparse.columns[i]} << 32U | ordered_bits(sparse.values[i]));
    }
    std::sort(keys_.begin(), keys_.end());
    for (std::size_t i = begin; i < end; ++i) {
      sparse.columns[i] = static_cast<std::uint32_t>(keys_[i - begin] >> 32U);
      sparse.values[i] = from_ordered_bits(static_cast<std::uint32_t>(keys_[i - begin]));
    }
  }

  std::optional<std::size_t> merge_groups(std::uint32_t user, std::size_t begin, std::size_t end, std::size_t to) {
    SparseRows& sparse = collected_.by_user;
    const bool timed = !collected_.timestamps.empty();
    rows_.clear();
    for (std::size_t i = begin; i < end; ++i) {
      rows_.push_back({user, sparse.columns[i], sparse.values[i], timed ? collected_.timestamps[i] : 0});
    }
    const Merged merged = merge_duplicates(rows_, duplicates_);
    if (merged.refused) {
      collected_.merged.refused = merged.refused;
      return std::nullopt;
    }
    for (const Interaction& row : rows_) {
      sparse.columns[to] = row.item;
      sparse.values[to] = row.value;
      if (timed) collected_.timestamps[to] = row.timestamp;
      ++to;
    }
    return to;
  }

  CollectedRows& collected_;
  Duplicates duplicates_;
  std::vector<std::uint64_t> keys_;
  std::vector<Interaction> rows_;
};

}  // namespace

CollectedRows collect_rows(RowRange range, std::vector<InteractionChunk> chunks, Duplicates duplicates) {
  CollectedRows collected;
  SparseRows& sparse = collected.by_user;
  sparse.first_row = range.begin;
  sparse.offsets = count_rows(range, chunks);
  const auto size = static_cast<std::size_t>(sparse.offsets.back());
  bool timed = false;
  for (const InteractionChunk& chunk : chunks) timed |= !chunk.timestamps.empty();
  sparse.columns.resize(size);
  sparse.values.resize(size);
  if (timed) collected.timestamps.resize(size);
  place_rows(std::move(chunks), collected);

  RowMerger merger(collected, duplicates);
  std::size_t kept = 0;
  std::size_t begin = 0;
  for (std::size_t user = 0; user < sparse.rows(); ++user) {
    const auto end = static_cast<std::size_t>(sparse.offsets[user + 1]);
    const auto behind = merger.merge(static_cast<std::uint32_t>(range.begin + user), begin, end, kept);
    if (!behind) return collected;
    kept = *behind;
    begin = end;
    sparse.offsets[user + 1] = kept;
  }
  collected.merged.rows_merged = size - kept;
  sparse.columns.resize(kept);
  sparse.values.resize(kept);
  if (timed) collected.timestamps.resize(kept);
  return collected;
}

}  // namespace alsace
