#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <vector>

#include <mpi.h>

#include "mpi/comm/communicator.hpp"
#include "mpi/comm/shared_window.hpp"

namespace alsace::mpi {

/// How ranks wait for the coordinator without burning a core: a receive that is posted ahead and asked after. A
/// blocking call would spin (100 % of a core a rank), which the coordinator's own threads pay for on a busy host. So
/// ranks of rank 0's host sleep on a count of rings that they share with it, and are woken. A rank of another host asks
/// without pause, only yielding, for 5 ms after its last work, and then ever less often, down to once in 2 ms.
///
/// Rank 0 rings; it must not be destroyed before the others have answered to the last ring.
class Doorbell {
 public:
  /// Collective, as its end is.
  explicit Doorbell(const Communicator& comm);
  ~Doorbell();
  Doorbell(const Doorbell&) = delete;
  Doorbell& operator=(const Doorbell&) = delete;

  /// Rank 0: sends `message` to every rank: up to 64 KiB in pieces so short that MPI takes each without waiting for who
  /// receives it, then a broadcast of what is longer. All ranks are to meet in wait().
  void ring(const std::vector<char>& message);

  /// Other ranks: the next message. `between` is called once before it waits, and every 100 ms while it does.
  std::vector<char> wait(const std::function<void()>& between);

  /// Other ranks: asks rank 0 to end the service. Does not wait.
  void ask_to_end();
  /// Rank 0: true when a rank has asked since.
  bool asked_to_end();

 private:
  static constexpr std::size_t first_part = 3968;  // Open MPI sends up to 4 KiB, its header included, at once
  static constexpr std::size_t all_parts = std::size_t{1} << 16;
  struct Part {
    std::uint64_t size;  // of the whole message
    std::array<char, first_part> bytes;
  };
  void post();
  void wake_sleepers();
  /// Until rank 0 may have rung, or some 100 ms.
  void sleep() const;

  const Communicator& comm_;
  SharedWindow window_;
  std::atomic_ref<std::uint32_t> rings_;  // of all, where rank 0 is of this host
  bool shares_rings_;                     // with rank 0
  std::uint32_t answered_ = 0;
  Part incoming_{};
  MPI_Request request_ = MPI_REQUEST_NULL;
  char notice_ = 0;
  MPI_Request notice_request_ = MPI_REQUEST_NULL;
};

}  // namespace alsace::mpi
