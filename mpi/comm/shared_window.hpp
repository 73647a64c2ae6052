#pragma once

#include <cstddef>

#include <mpi.h>

#include "mpi/comm/communicator.hpp"

namespace alsace::mpi {

/// Memory that the ranks of one host share (an MPI-3 shared window): every rank reads and writes it directly. Zero at
/// first; no page is resident before it is touched. Ranks may write disjoint parts at any time; what others wrote is
/// there after `synchronize`.
class SharedWindow {
 public:
  /// Collective over `host`, whose ranks must be of one machine. Where /dev/shm has no
  /// room for all windows of the machine this succeeds all the same, and a touched page raises SIGBUS: ask for the
  /// free space before (see share_copies).
  SharedWindow(Communicator host, std::size_t bytes);
  ~SharedWindow();
  SharedWindow(SharedWindow&& other) noexcept;
  SharedWindow(const SharedWindow&) = delete;
  SharedWindow& operator=(const SharedWindow&) = delete;
  SharedWindow& operator=(SharedWindow&&) = delete;

  /// Aligned to 64 bytes. Another address on another rank, for the same memory.
  [[nodiscard]] std::byte* data() const { return data_; }

  /// After it every rank sees what any rank of the host wrote before it. Collective over the host: one barrier.
  void synchronize() const;

 private:
  Communicator host_;
  MPI_Win window_ = MPI_WIN_NULL;
  std::byte* data_ = nullptr;
};

}  // namespace alsace::mpi
