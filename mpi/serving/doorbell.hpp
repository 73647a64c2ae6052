#pragma once

#include <array>
#include <functional>
#include <vector>

#include <mpi.h>

#include "mpi/comm/communicator.hpp"

namespace alsace::mpi {

/// How ranks wait for the coordinator without burning a core: a receive that is posted ahead and asked after. A
/// blocking call would spin (100 % of a core a rank); sleeping between questions costs latency. So a rank asks without
/// pause, only yielding, for 5 ms after its last work, and then ever less often, down to once in 2 ms.
///
/// Rank 0 rings; it must not be destroyed before the others have answered to the last ring.
class Doorbell {
 public:
  explicit Doorbell(const Communicator& comm);
  ~Doorbell();
  Doorbell(const Doorbell&) = delete;
  Doorbell& operator=(const Doorbell&) = delete;

  /// Rank 0: sends `message` to every rank: one message of up to 8 KiB a rank, then a broadcast of what is longer. All
  /// ranks are to meet in wait().
  void ring(const std::vector<char>& message);

  /// Other ranks: the next message. `between` is called once before it waits, and every 100 ms while it does.
  std::vector<char> wait(const std::function<void()>& between);

  /// Other ranks: asks rank 0 to end the service. Does not wait.
  void ask_to_end();
  /// Rank 0: true when a rank has asked since.
  bool asked_to_end();

 private:
  static constexpr std::size_t first_part = 8192;
  struct Part {
    std::uint64_t size;  // of the whole message
    std::array<char, first_part> bytes;
  };
  void post();

  const Communicator& comm_;
  Part incoming_{};
  MPI_Request request_ = MPI_REQUEST_NULL;
  char notice_ = 0;
  MPI_Request notice_request_ = MPI_REQUEST_NULL;
};

}  // namespace alsace::mpi
