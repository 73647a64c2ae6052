#include "src/data/clean.hpp"

#include <algorithm>
#include <limits>
#include <tuple>

#include "src/error.hpp"

namespace alsace {
namespace {

bool same_pair(const Interaction& a, const Interaction& b) {
  return a.user == b.user && a.item == b.item;
}

/// One row for a group of one pair, sorted by (timestamp, value) for `last`, else by (value, timestamp). Nothing when
/// the group must not be merged.
std::optional<Interaction> merge_group(std::span<const Interaction> group, Duplicates duplicates) {
  Interaction merged = group.back();
  if (group.size() == 1) return merged;
  if (duplicates == Duplicates::error) return std::nullopt;
  if (duplicates == Duplicates::last) return merged;
  double sum = 0;
  for (const Interaction& row : group) {
    sum += static_cast<double>(row.value);
    merged.timestamp = std::max(merged.timestamp, row.timestamp);
  }
  if (duplicates == Duplicates::sum) {
    constexpr double limit = std::numeric_limits<float>::max();
    if (sum > limit || sum < -limit) return std::nullopt;
    merged.value = static_cast<float>(sum);
  }
  return merged;
}

}  // namespace

Merged merge_duplicates(std::vector<Interaction>& rows, Duplicates duplicates) {
  const bool by_time = duplicates == Duplicates::last;
  std::sort(rows.begin(), rows.end(), [by_time](const Interaction& a, const Interaction& b) {
    if (a.user != b.user) return a.user < b.user;
    if (a.item != b.item) return a.item < b.item;
    return by_time ? std::tie(a.timestamp, a.value) < std::tie(b.timestamp, b.value)
                   : std::tie(a.value, a.timestamp) < std::tie(b.value, b.timestamp);
  });

  Merged result;
  std::size_t kept = 0;
  for (std::size_t begin = 0; begin < rows.size();) {
    std::size_t end = begin + 1;
    while (end < rows.size() && same_pair(rows[begin], rows[end])) ++end;
    const auto merged = merge_group(std::span(rows).subspan(begin, end - begin), duplicates);
    if (!merged) {
      result.refused = Merged::Pair{rows[begin].user, rows[begin].item};
      return result;
    }
    rows[kept++] = *merged;
    begin = end;
  }
  result.rows_merged = rows.size() - kept;
  rows.resize(kept);
  return result;
}

SparseRows to_sparse_rows(RowRange range, std::span<const Interaction> rows) {
  SparseRows sparse;
  sparse.first_row = range.begin;
  sparse.offsets.assign(range.size() + 1, 0);
  sparse.columns.reserve(rows.size());
  sparse.values.reserve(rows.size());
  for (const Interaction& row : rows) {
    ALSACE_CHECK(range.contains(row.user), "a row of another shard");
    ++sparse.offsets[row.user - range.begin + 1];
    sparse.columns.push_back(row.item);
    sparse.values.push_back(row.value);
  }
  for (std::size_t u = 1; u < sparse.offsets.size(); ++u) sparse.offsets[u] += sparse.offsets[u - 1];
  return sparse;
}

}  // namespace alsace
