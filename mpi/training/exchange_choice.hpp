#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "mpi/comm/rank_groups.hpp"
#include "mpi/shard_map.hpp"
#include "mpi/training/exchange_options.hpp"

/// Which exchange a run uses: integers only, so that every rank comes to the same and tests need no ranks.
namespace alsace::mpi {

/// Bytes of one row of factors in a table, and on the wire.
struct RowBytes {
  std::uint64_t held;
  std::uint64_t moved;
};

/// Rows of both sides that a rank solves, and that it would hold under needed.
struct RankRows {
  std::uint64_t own;
  std::uint64_t needed;
};

/// What an exchange takes of the host that it takes most of.
struct ExchangeCost {
  std::uint64_t held = 0;   ///< bytes of the tables of both sides
  std::uint64_t moved = 0;  ///< bytes that its ranks receive a sweep
  friend bool operator==(const ExchangeCost&, const ExchangeCost&) = default;
};

ExchangeCost replicate_cost(std::span<const RankRows> ranks, const RankGroups& hosts, const RankGroups& copies,
                            RowBytes row);
ExchangeCost needed_cost(std::span<const RankRows> ranks, const RankGroups& hosts, RowBytes row);

/// needed packs rows and looks their places up, so it must move a fifth less than replicate; unless only one of them
/// fits in `available` bytes a host.
Exchange choose_exchange(const ExchangeCost& replicate, const ExchangeCost& needed, std::uint64_t available);

}  // namespace alsace::mpi
