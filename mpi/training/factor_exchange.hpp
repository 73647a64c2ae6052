#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "mpi/comm/communicator.hpp"
#include "mpi/comm/rank_groups.hpp"
#include "mpi/shard_map.hpp"
#include "mpi/training/exchange_plan.hpp"
#include "mpi/training/factor_table.hpp"
#include "mpi/training/row_exchange.hpp"
#include "src/matrix.hpp"

namespace alsace::mpi {

/// Bytes of rows that a rank received in one exchange.
struct ExchangedBytes {
  std::uint64_t received = 0;
  std::uint64_t from_other_hosts = 0;
  std::uint64_t least = 0;  ///< the fewest that any way could have brought here
};

/// What decides how one side's factors lie and travel; made by make_sides.
struct SideLayout {
  ShardMap map;
  RankGroups hosts;
  RankGroups copies;                ///< the ranks that share a table
  bool holds_all = true;            ///< the table has every row: replicate
  std::vector<std::uint32_t> held;  ///< else the table's rows, ascending global rows
  ExchangePlan plan;
};

/// One side's factors on this rank: its own rows, which it solves, and those that its rows of the other side are solved
/// against: all (replicate, one table a host), or those that they touch (needed). 4·K bytes a held row, under bf16
/// about 6·K; the wire carries 4·K, under bf16 2·K, which loses nothing as the rows are rounded before they leave.
///
/// A half-sweep: start, solved after every block, start_rest, and finish, which waits for the rows of the slowest. All
/// ranks do all of it, whatever went wrong between: so no message is under way when an error is thrown.
class SideFactors {
 public:
  /// All rows zero. Collective.
  SideFactors(const Communicator& comm, SideLayout layout, int factors, bool bf16, int threads);

  [[nodiscard]] const ShardMap& map() const { return layout_.map; }
  [[nodiscard]] RowRange own_range() const { return layout_.map.range(comm_.rank()); }
  /// This rank's rows: own_range().size() × K floats.
  [[nodiscard]] float* own() { return table_.row(own_first_); }
  [[nodiscard]] const float* own() const { return table_.row(own_first_); }
  [[nodiscard]] FactorView own_rows() const { return table_.view({own_first_, own_first_ + own_range().size()}); }

  /// The rows of the table, to which the columns of the other side's matrix refer (see make_sides).
  [[nodiscard]] FactorView held() const { return table_.view({0, table_.rows()}); }
  /// The same as bf16 rows, or null.
  [[nodiscard]] const std::uint16_t* held_bf16() const { return table_.bf16(); }
  /// The global row that is row `place` of held().
  [[nodiscard]] std::uint32_t global_row(std::uint32_t place) const {
    return holds_all() ? place : layout_.held[place];
  }
  /// The same for all places, ascending; empty where the table has every row.
  [[nodiscard]] std::span<const std::uint32_t> held_rows() const { return layout_.held; }
  /// The rows of the whole blocks whose sums this rank computes: `blocks` within them, see whole_blocks.
  [[nodiscard]] const float* rows_of(RowRange blocks) const;

  /// Whether ranks of this host read and write the same table.
  [[nodiscard]] bool is_shared() const { return table_.is_shared(); }
  [[nodiscard]] bool holds_all() const { return layout_.holds_all; }
  /// Every row, in global order; only where holds_all().
  [[nodiscard]] FactorView all() const;
  /// Every row on every rank, whatever it holds. Collective.
  [[nodiscard]] FactorMatrix gather() const;

  void start() { exchange_.start(); }
  void solved(std::size_t rows) noexcept;
  void start_rest();
  ExchangedBytes finish();

 private:
  const Communicator& comm_;
  SideLayout layout_;
  int factors_;
  int threads_;
  std::uint64_t own_first_;  // row of the table
  FactorTable table_;
  RowExchange exchange_;
  std::uint64_t rounded_ = 0;  // own rows that are bf16 already
  ExchangedBytes bytes_;       // of every exchange alike
};

}  // namespace alsace::mpi
