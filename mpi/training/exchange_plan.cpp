#include "mpi/training/exchange_plan.hpp"

#include <algorithm>
#include <iterator>

#include "mpi/comm/collectives.hpp"

namespace alsace::mpi {
namespace {

/// The others one after the other, from the next on: so that not all send to the same rank first.
template <class Visit>
void for_each_other(int count, int self, Visit visit) {
  for (int step = 1; step < count; ++step) visit((self + step) % count);
}

std::vector<std::uint64_t> local_part_ends(const ShardParts& parts, int rank) {
  std::vector<std::uint64_t> ends;
  ends.reserve(static_cast<std::size_t>(parts.parts()));
  for (int part = 0; part < parts.parts(); ++part) {
    ends.push_back(parts.range(rank, part).end - parts.shard(rank).begin);
  }
  return ends;
}

/// Where `row` is, or would be, among ascending rows.
std::uint64_t place_of(std::span<const std::uint32_t> rows, std::uint64_t row) {
  return static_cast<std::uint64_t>(std::lower_bound(rows.begin(), rows.end(), row) - rows.begin());
}

}  // namespace

ExchangePlan replicate_plan(const ShardParts& parts, const RankGroups& copies, int rank) {
  const int group = copies.group_of(rank);
  ExchangePlan plan;
  plan.part_ends = local_part_ends(parts, rank);
  plan.sends.resize(plan.part_ends.size());
  const RowRange own = parts.shard(rank);
  for (int part = 0; part < parts.parts(); ++part) {
    const RowRange range = parts.range(rank, part);
    if (range.empty()) continue;
    for_each_other(copies.groups(), group, [&](int other) {
      plan.sends[static_cast<std::size_t>(part)].push_back(
          {copies.receiver(rank, other), range.begin - own.begin, range.size()});
    });
  }
  for (int part = 0; part < parts.parts(); ++part) {
    for_each_other(parts.ranks(), rank, [&](int sender) {
      if (copies.together(sender, rank) || copies.receiver(sender, group) != rank) return;
      const RowRange range = parts.range(sender, part);
      if (!range.empty()) plan.receives.push_back({sender, range.begin, range.size()});
    });
  }
  if (copies.members(group).front() == rank) {  // what the copy lacks is counted at one of its ranks
    plan.least_rows = parts.shard(parts.ranks() - 1).end;
    for (const int member : copies.members(group)) plan.least_rows -= parts.shard(member).size();
  }
  return plan;
}

std::vector<std::uint32_t> needed_rows(std::span<const std::uint32_t> columns, RowRange shard, RowRange blocks,
                                       std::uint64_t rows) {
  std::vector<bool> needed(static_cast<std::size_t>(rows), false);
  for (const std::uint32_t column : columns) needed[column] = true;
  for (const RowRange range : {shard, blocks}) {
    std::fill(needed.begin() + static_cast<std::ptrdiff_t>(range.begin),
              needed.begin() + static_cast<std::ptrdiff_t>(range.end), true);
  }
  std::vector<std::uint32_t> held;
  held.reserve(static_cast<std::size_t>(std::count(needed.begin(), needed.end(), true)));
  for (std::size_t row = 0; row < needed.size(); ++row) {
    if (needed[row]) held.push_back(static_cast<std::uint32_t>(row));
  }
  return held;
}

std::vector<RowMessage> needed_receives(const ShardParts& parts, std::span<const std::uint32_t> held, int rank) {
  std::vector<RowMessage> receives;
  for (int part = 0; part < parts.parts(); ++part) {
    for_each_other(parts.ranks(), rank, [&](int sender) {
      const RowRange range = parts.range(sender, part);
      const std::uint64_t first = place_of(held, range.begin);
      const std::uint64_t end = place_of(held, range.end);
      if (first < end) receives.push_back({sender, first, end - first});
    });
  }
  return receives;
}

ExchangePlan needed_sends(const ShardParts& parts, std::span<const std::span<const std::uint32_t>> asked, int rank) {
  ExchangePlan plan;
  plan.part_ends = local_part_ends(parts, rank);
  plan.sends.resize(plan.part_ends.size());
  std::uint64_t begin = 0;
  for (std::size_t part = 0; part < plan.part_ends.size(); ++part) {
    const std::uint64_t end = plan.part_ends[part];
    for_each_other(parts.ranks(), rank, [&](int peer) {
      const auto rows = asked[static_cast<std::size_t>(peer)];
      const std::uint64_t first = place_of(rows, begin);
      const std::uint64_t count = place_of(rows, end) - first;
      if (count == 0) return;
      plan.sends[part].push_back({peer, plan.packed_rows.size(), count});
      const auto some = rows.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count));
      plan.packed_rows.insert(plan.packed_rows.end(), some.begin(), some.end());
    });
    begin = end;
  }
  return plan;
}

ExchangePlan needed_plan(const Communicator& comm, const ShardParts& parts, std::span<const std::uint32_t> held) {
  const int rank = comm.rank();
  std::vector<std::uint32_t> wanted;  // local rows of their owners, owner after owner
  std::vector<std::uint64_t> counts(static_cast<std::size_t>(comm.size()), 0);
  for (int owner = 0; owner < comm.size(); ++owner) {
    if (owner == rank) continue;
    const RowRange shard = parts.shard(owner);
    const std::uint64_t first = place_of(held, shard.begin);
    const std::uint64_t end = place_of(held, shard.end);
    counts[static_cast<std::size_t>(owner)] = end - first;
    for (std::uint64_t place = first; place < end; ++place) {
      wanted.push_back(static_cast<std::uint32_t>(held[place] - shard.begin));
    }
  }
  const auto received = all_to_all<std::uint32_t>(comm, wanted, counts);
  std::vector<std::span<const std::uint32_t>> asked;
  std::size_t at = 0;
  for (const std::uint64_t count : received.counts) {
    asked.push_back(std::span(received.elements).subspan(at, static_cast<std::size_t>(count)));
    at += static_cast<std::size_t>(count);
  }
  ExchangePlan plan = needed_sends(parts, asked, rank);
  plan.receives = needed_receives(parts, held, rank);
  plan.least_rows = held.size() - parts.shard(rank).size();
  return plan;
}

}  // namespace alsace::mpi
