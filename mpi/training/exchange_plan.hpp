#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "mpi/comm/communicator.hpp"
#include "mpi/comm/rank_groups.hpp"
#include "mpi/training/shard_parts.hpp"

namespace alsace::mpi {

/// Consecutive rows that go to or come from one rank in one message.
struct RowMessage {
  int peer;
  std::uint64_t first;  ///< of a send: see ExchangePlan::sends; of a receive: the row of the table
  std::uint64_t rows;
  friend bool operator==(const RowMessage&, const RowMessage&) = default;
};

/// What a rank sends and receives when one side has been solved: made once, followed each half-sweep. The messages from
/// one rank to another are in the order of the parts on both ends.
struct ExchangePlan {
  std::vector<std::uint64_t> part_ends;        ///< this rank's parts, in local rows
  std::vector<std::vector<RowMessage>> sends;  ///< of each part; `first`: a local row, or a place in packed_rows
  std::vector<RowMessage> receives;
  std::vector<std::uint32_t> packed_rows;  ///< needed: local rows, copied in this order before they leave; else empty
  std::uint64_t least_rows = 0;            ///< the fewest rows that this rank could receive
};

/// replicate: every copy of the side (a group of `copies`) gets each row that its own ranks do not solve once, straight
/// into its place. The table has all rows. O(groups · parts) messages.
ExchangePlan replicate_plan(const ShardParts& parts, const RankGroups& copies, int rank);

/// The rows that a rank holds under needed, ascending: those of its shard, those that `columns` name, and those that
/// complete the last block of the shard's sums (see whole_blocks). 4 bytes a held row; `rows` bits while it is made.
std::vector<std::uint32_t> needed_rows(std::span<const std::uint32_t> columns, RowRange shard, RowRange blocks,
                                       std::uint64_t rows);

/// needed: this rank gets the rows of `held` that are not its own, which lie together in its table where they come from
/// one part, and sends what others asked for. Collective: 4 bytes a row that is not its own.
ExchangePlan needed_plan(const Communicator& comm, const ShardParts& parts, std::span<const std::uint32_t> held);

/// The halves of needed_plan that are integers only. `asked[r]`: what rank r wants of this rank, local rows, ascending.
std::vector<RowMessage> needed_receives(const ShardParts& parts, std::span<const std::uint32_t> held, int rank);
ExchangePlan needed_sends(const ShardParts& parts, std::span<const std::span<const std::uint32_t>> asked, int rank);

}  // namespace alsace::mpi
