#include "mpi/training/transpose.hpp"

#include <algorithm>
#include <numeric>
#include <span>
#include <vector>

#include <fmt/format.h>

#include "mpi/comm/collectives.hpp"
#include "src/error.hpp"

namespace alsace::mpi {
namespace {

struct Entry {
  std::uint32_t column;
  std::uint32_t row;
  float value;
};

/// For every rank, in rank order, the lengths that its rows add to the columns of this rank's range of `map`.
std::vector<std::uint32_t> exchange_column_lengths(const Communicator& comm, const SparseRows& rows,
                                                   const ShardMap& map) {
  std::vector<std::uint32_t> lengths(static_cast<std::size_t>(map.rows()), 0);
  for (const std::uint32_t column : rows.columns) ++lengths[column];
  std::vector<std::uint64_t> counts;
  counts.reserve(static_cast<std::size_t>(comm.size()));
  for (int rank = 0; rank < comm.size(); ++rank) counts.push_back(map.range(rank).size());
  return all_to_all<std::uint32_t>(comm, lengths, counts).elements;
}

/// The entries of consecutive rows, as many rows as fit in a round (a longer row goes in parts), sorted by destination.
class EntrySource {
 public:
  EntrySource(const SparseRows& rows, const ShardMap& map) : rows_(rows), map_(map) {}

  [[nodiscard]] bool done() const { return next_ == rows_.nonzeros(); }

  void fill(std::size_t most, std::vector<Entry>& entries, std::vector<std::uint64_t>& counts) {
    const std::size_t end = std::min(rows_.nonzeros(), next_ + most);
    std::fill(counts.begin(), counts.end(), 0);
    for (std::size_t at = next_; at < end; ++at) ++counts[destination(at)];
    std::vector<std::size_t> cursor(counts.size(), 0);
    std::partial_sum(counts.begin(), counts.end() - 1, cursor.begin() + 1);
    entries.resize(end - next_);
    for (; next_ < end; ++next_) {
      while (rows_.offsets[row_ + 1] <= next_) ++row_;
      entries[cursor[destination(next_)]++] = {rows_.columns[next_], static_cast<std::uint32_t>(rows_.first_row + row_),
                                               rows_.values[next_]};
    }
  }

 private:
  [[nodiscard]] std::size_t destination(std::size_t at) const {
    return static_cast<std::size_t>(map_.owner(rows_.columns[at]));
  }

  const SparseRows& rows_;
  const ShardMap& map_;
  std::size_t next_ = 0;
  std::size_t row_ = 0;
};

}  // namespace

ShardMap cut_columns(const Communicator& comm, const SparseRows& rows, std::uint64_t columns, const RowCost& cost) {
  const ShardMap even = ShardMap::even(columns, comm.size());
  const auto parts = exchange_column_lengths(comm, rows, even);
  std::vector<std::uint64_t> lengths(static_cast<std::size_t>(even.range(comm.rank()).size()), 0);
  for (std::size_t i = 0; i < parts.size(); ++i) lengths[i % lengths.size()] += parts[i];
  return cut_by_cost(comm, even, lengths, cost);
}

SparseRows transpose(const Communicator& comm, const SparseRows& rows, const ShardMap& map, std::size_t round_entries) {
  const RowRange range = map.range(comm.rank());
  const auto columns = static_cast<std::size_t>(range.size());
  const auto ranks = static_cast<std::size_t>(comm.size());
  const auto lengths = exchange_column_lengths(comm, rows, map);

  // A column's entries come from rank 0 first, then from rank 1, …: each source rank has a cursor of its own into each
  // column, so that the rounds may deliver in any order and the rows still ascend.
  SparseRows result;
  result.first_row = range.begin;
  result.offsets.assign(columns + 1, 0);
  std::vector<std::uint64_t> cursor(ranks * columns);
  for (std::size_t c = 0; c < columns; ++c) {
    std::uint64_t at = result.offsets[c];
    for (std::size_t r = 0; r < ranks; ++r) {
      cursor[r * columns + c] = at;
      at += lengths[r * columns + c];
    }
    result.offsets[c + 1] = at;
  }
  result.columns.resize(static_cast<std::size_t>(result.offsets.back()));
  result.values.resize(result.columns.size());

  EntrySource source(rows, map);
  std::vector<Entry> entries;
  std::vector<std::uint64_t> counts(ranks);
  while (any_of(comm, !source.done())) {
    source.fill(round_entries, entries, counts);
    const auto received = all_to_all<Entry>(comm, entries, counts);
    std::size_t next = 0;
    for (std::size_t r = 0; r < ranks; ++r) {
      for (std::uint64_t i = 0; i < received.counts[r]; ++i) {
        const Entry& entry = received.elements[next++];
        const auto at = static_cast<std::size_t>(cursor[r * columns + (entry.column - range.begin)]++);
        result.columns[at] = entry.row;
        result.values[at] = entry.value;
      }
    }
  }
  return result;
}

}  // namespace alsace::mpi
