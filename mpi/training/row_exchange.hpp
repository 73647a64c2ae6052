#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <mpi.h>

#include "mpi/comm/communicator.hpp"
#include "mpi/comm/datatype.hpp"
#include "mpi/training/exchange_plan.hpp"

namespace alsace::mpi {

/// A table of rows that travel: `row_bytes` of every `stride` bytes.
struct RowTable {
  std::byte* rows;          ///< the first row
  std::uint64_t own_first;  ///< the table's row that is this rank's local row 0
  std::size_t row_bytes;
  std::size_t stride;
};

/// Moves the rows of one side as its plan says, while they are being solved: `start` before the first row, `solved`
/// after every block (a part leaves when all its rows are solved, and MPI, which has no thread of its own, gets to move
/// what is under way), `start_rest` after the last, `finish` when every rank has come that far. Point to point, all
/// receives posted at once, straight into the table.
class RowExchange {
 public:
  RowExchange(const Communicator& comm, ExchangePlan plan, RowTable table);

  [[nodiscard]] const ExchangePlan& plan() const { return plan_; }

  void start();
  /// The first `rows` local rows are final. Costs two MPI_Test. Remembers an error for `finish`.
  void solved(std::size_t rows) noexcept;
  void start_rest();
  /// Returns when all rows are here, and what this rank sent is out. Throws ErrorKind::internal on an MPI error.
  void finish();

 private:
  /// Copies that may be on their way at once, of rows that do not lie together.
  static constexpr std::size_t copies = 2;

  [[nodiscard]] bool may_send(std::size_t part) const;
  void send_part(std::size_t part);
  void pass_done(std::vector<MPI_Request>& requests, std::size_t& next);
  void test();
  void remember(int code);

  const Communicator& comm_;
  ExchangePlan plan_;
  RowTable table_;
  ElementType row_;          // where rows lie together
  ElementType strided_row_;  // in the table
  std::array<std::vector<std::byte>, copies> packed_;
  std::vector<MPI_Request> receives_;
  std::vector<MPI_Request> sends_;
  std::vector<std::size_t> sends_up_to_;  // of each started part: the requests of it and all before
  std::size_t received_ = 0;              // requests before it are done
  std::size_t sent_ = 0;
  int error_ = MPI_SUCCESS;
};

}  // namespace alsace::mpi
