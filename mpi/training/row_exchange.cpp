#include "mpi/training/row_exchange.hpp"

#include <algorithm>
#include <climits>
#include <cstring>
#include <utility>

#include "src/error.hpp"

namespace alsace::mpi {
namespace {

constexpr int tag = 1;  // 0 is of the collectives that go by messages

/// Rows of a message as MPI takes them.
int count_of(const RowMessage& message) {
  ALSACE_CHECK(message.rows <= static_cast<std::uint64_t>(INT_MAX), "the rows of a message fit an int");
  return static_cast<int>(message.rows);
}

}  // namespace

RowExchange::RowExchange(const Communicator& comm, ExchangePlan plan, RowTable table)
    : comm_(comm),
      plan_(std::move(plan)),
      table_(table),
      row_(table.row_bytes),
      strided_row_(table.row_bytes, table.stride) {
  std::size_t sends = 0;
  std::uint64_t most = 0;
  for (const auto& messages : plan_.sends) {
    std::uint64_t rows = 0;
    for (const RowMessage& message : messages) rows += static_cast<std::uint64_t>(count_of(message));
    most = std::max(most, rows);
    sends += messages.size();
  }
  for (const RowMessage& message : plan_.receives) (void)count_of(message);
  if (!plan_.packed_rows.empty()) {
    for (auto& buffer : packed_) buffer.resize(static_cast<std::size_t>(most) * table_.row_bytes);
  }
  sends_.reserve(sends);
  receives_.reserve(plan_.receives.size());
  sends_up_to_.reserve(plan_.sends.size());
}

void RowExchange::start() {
  receives_.clear();
  sends_.clear();
  sends_up_to_.clear();
  received_ = sent_ = 0;
  for (const RowMessage& message : plan_.receives) {
    std::byte* to = table_.rows + message.first * table_.stride;
    receives_.push_back(MPI_REQUEST_NULL);
    check_mpi(MPI_Irecv(to, count_of(message), strided_row_.get(), message.peer, tag, comm_.get(), &receives_.back()),
              "MPI_Irecv");
  }
}

void RowExchange::solved(std::size_t rows) noexcept {
  std::size_t part = sends_up_to_.size();
  while (part < plan_.part_ends.size() && plan_.part_ends[part] <= rows && may_send(part)) send_part(part++);
  test();
}

void RowExchange::start_rest() {
  while (sends_up_to_.size() < plan_.sends.size()) {
    const std::size_t part = sends_up_to_.size();
    if (may_send(part)) {
      send_part(part);
    } else {
      remember(MPI_Wait(&sends_[sent_++], MPI_STATUS_IGNORE));
    }
  }
  test();
}

void RowExchange::finish() {
  remember(MPI_Waitall(static_cast<int>(receives_.size()), receives_.data(), MPI_STATUSES_IGNORE));
  remember(MPI_Waitall(static_cast<int>(sends_.size()), sends_.data(), MPI_STATUSES_IGNORE));
  check_mpi(std::exchange(error_, MPI_SUCCESS), "the exchange of factors");
}

/// Rows that are sent from where they are need nothing; others a buffer that nothing is sent from any more.
bool RowExchange::may_send(std::size_t part) const {
  return plan_.packed_rows.empty() || part < copies || sent_ >= sends_up_to_[part - copies];
}

void RowExchange::send_part(std::size_t part) {
  const std::byte* own = table_.rows + table_.own_first * table_.stride;
  const bool together = plan_.packed_rows.empty();
  std::byte* buffer = together ? nullptr : packed_[part % copies].data();
  for (const RowMessage& message : plan_.sends[part]) {
    const std::byte* from = own + message.first * table_.stride;
    if (!together) {
      from = buffer;
      for (std::uint64_t i = message.first; i < message.first + message.rows; ++i, buffer += table_.row_bytes)
        std::memcpy(buffer, own + plan_.packed_rows[i] * table_.stride, table_.row_bytes);
    }
    sends_.push_back(MPI_REQUEST_NULL);
    remember(MPI_Isend(from, static_cast<int>(message.rows), (together ? strided_row_ : row_).get(), message.peer, tag,
                       comm_.get(), &sends_.back()));
  }
  sends_up_to_.push_back(sends_.size());
}

/// Moves `next` behind the requests that are done; a test of one lets MPI work on all.
void RowExchange::pass_done(std::vector<MPI_Request>& requests, std::size_t& next) {
  int done = 1;
  while (next < requests.size() && done != 0) {
    remember(MPI_Test(&requests[next], &done, MPI_STATUS_IGNORE));
    if (done != 0) ++next;
  }
}

void RowExchange::test() {
  pass_done(receives_, received_);
  pass_done(sends_, sent_);
}

void RowExchange::remember(int code) {
  if (error_ == MPI_SUCCESS) error_ = code;
}

}  // namespace alsace::mpi
