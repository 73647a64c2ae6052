#include "mpi/training/factor_exchange.hpp"

#include <algorithm>
#include <utility>

#include "mpi/comm/collectives.hpp"
#include "src/error.hpp"
#include "src/kernels/kernel_table.hpp"

namespace alsace::mpi {
namespace {

std::uint64_t place_of(const SideLayout& layout, std::uint64_t row) {
  if (layout.holds_all) return row;
  return static_cast<std::uint64_t>(std::lower_bound(layout.held.begin(), layout.held.end(), row) -
                                    layout.held.begin());
}

std::size_t wire_bytes(int factors, bool bf16) {
  return static_cast<std::size_t>(factors) * (bf16 ? sizeof(std::uint16_t) : sizeof(float));
}

RowTable travelling_rows(const FactorTable& table, std::uint64_t own_first, int factors, bool bf16) {
  const std::size_t bytes = wire_bytes(factors, bf16);
  if (!bf16) return {reinterpret_cast<std::byte*>(table.row(0)), own_first, bytes, bytes};
  return {reinterpret_cast<std::byte*>(table.bf16()), own_first, bytes, bf16_stride(factors) * sizeof(std::uint16_t)};
}

ExchangedBytes bytes_of(const ExchangePlan& plan, const RankGroups& hosts, int rank, std::size_t row_bytes) {
  ExchangedBytes bytes;
  for (const RowMessage& message : plan.receives) {
    bytes.received += message.rows * row_bytes;
    if (!hosts.together(message.peer, rank)) bytes.from_other_hosts += message.rows * row_bytes;
  }
  bytes.least = plan.least_rows * row_bytes;
  return bytes;
}

}  // namespace

SideFactors::SideFactors(const Communicator& comm, SideLayout layout, int factors, bool bf16, int threads)
    : comm_(comm),
      layout_(std::move(layout)),
      factors_(factors),
      threads_(threads),
      own_first_(place_of(layout_, layout_.map.range(comm.rank()).begin)),
      table_(comm, layout_.copies, {layout_.holds_all ? layout_.map.rows() : layout_.held.size(), factors, bf16}),
      exchange_(comm, std::move(layout_.plan), travelling_rows(table_, own_first_, factors, bf16)),
      bytes_(bytes_of(exchange_.plan(), layout_.hosts, comm.rank(), wire_bytes(factors, bf16))) {
  table_.touch({own_first_, own_first_ + own_range().size()}, threads);
  for (const RowMessage& message : exchange_.plan().receives) {
    table_.touch({message.first, message.first + message.rows}, threads);
  }
  table_.synchronize();
}

const float* SideFactors::rows_of(RowRange blocks) const {
  if (blocks.empty()) return own();
  const std::uint64_t first = place_of(layout_, blocks.begin);
  ALSACE_CHECK(place_of(layout_, blocks.end) - first == blocks.size(), "the rows of whole blocks lie together");
  return table_.row(first);
}

FactorView SideFactors::all() const {
  ALSACE_CHECK(holds_all(), "a table that has all rows");
  return held();
}

FactorMatrix SideFactors::gather() const {
  FactorMatrix rows(static_cast<Eigen::Index>(map().rows()), factors_);
  rows.middleRows(static_cast<Eigen::Index>(own_range().begin), static_cast<Eigen::Index>(own_range().size())) =
      own_rows();
  all_gather_rows(comm_, rows.data(), sizeof(float) * static_cast<std::size_t>(factors_), map().bounds());
  return rows;
}

void SideFactors::solved(std::size_t rows) noexcept {
  // Rounded by this thread alone, as the others are solving; a part at a time would come to the same.
  if (table_.has_bf16() && rows > rounded_) table_.round_rows({own_first_ + rounded_, own_first_ + rows}, 1);
  rounded_ = std::max<std::uint64_t>(rounded_, rows);
  exchange_.solved(rows);
}

void SideFactors::start_rest() {
  table_.round_rows({own_first_ + rounded_, own_first_ + own_range().size()}, threads_);
  rounded_ = 0;
  exchange_.start_rest();
}

ExchangedBytes SideFactors::finish() {
  exchange_.finish();
  for (const RowMessage& message : exchange_.plan().receives) {
    table_.expand_rows({message.first, message.first + message.rows}, threads_);
  }
  table_.synchronize();
  return bytes_;
}

}  // namespace alsace::mpi
