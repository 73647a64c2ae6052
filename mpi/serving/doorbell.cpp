#include "mpi/serving/doorbell.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <span>
#include <thread>

#include "mpi/comm/collectives.hpp"

namespace alsace::mpi {
namespace {

constexpr int ring_tag = 2;
constexpr int notice_tag = 3;

using Clock = std::chrono::steady_clock;
using std::chrono::microseconds;
using std::chrono::milliseconds;

/// When to ask next: at once while work has just been done, then ever later.
class Patience {
 public:
  void rest() {
    if (Clock::now() - since_ < milliseconds(5)) {
      std::this_thread::yield();
      return;
    }
    std::this_thread::sleep_for(pause_);
    pause_ = std::min(2 * pause_, longest);
  }

 private:
  static constexpr microseconds longest{2000};
  Clock::time_point since_ = Clock::now();
  microseconds pause_{50};
};

}  // namespace

Doorbell::Doorbell(const Communicator& comm) : comm_(comm) {
  if (!comm_.is_root()) post();
}

Doorbell::~Doorbell() {
  for (MPI_Request* request : {&request_, &notice_request_}) {
    if (*request == MPI_REQUEST_NULL) continue;
    MPI_Cancel(request);
    MPI_Request_free(request);
  }
}

void Doorbell::post() {
  check_mpi(MPI_Irecv(&incoming_, static_cast<int>(sizeof incoming_), MPI_BYTE, 0, ring_tag, comm_.get(), &request_),
            "MPI_Irecv");
}

void Doorbell::ring(const std::vector<char>& message) {
  Part part{message.size(), {}};
  const std::size_t first = std::min(first_part, message.size());
  std::copy_n(message.begin(), first, part.bytes.begin());
  const auto bytes = static_cast<int>(offsetof(Part, bytes) + first);
  std::vector<MPI_Request> requests(static_cast<std::size_t>(comm_.size() - 1));
  for (int rank = 1; rank < comm_.size(); ++rank) {
    check_mpi(
        MPI_Isend(&part, bytes, MPI_BYTE, rank, ring_tag, comm_.get(), &requests[static_cast<std::size_t>(rank) - 1]),
        "MPI_Isend");
  }
  check_mpi(MPI_Waitall(static_cast<int>(requests.size()), requests.data(), MPI_STATUSES_IGNORE), "MPI_Waitall");
  if (message.size() > first) {
    auto rest = std::vector<char>(message.begin() + static_cast<std::ptrdiff_t>(first), message.end());
    detail::broadcast_bytes(comm_, rest.data(), rest.size(), 0);
  }
}

std::vector<char> Doorbell::wait(const std::function<void()>& between) {
  between();
  Patience patience;
  auto told = Clock::now();
  for (int arrived = 0; arrived == 0;) {
    check_mpi(MPI_Test(&request_, &arrived, MPI_STATUS_IGNORE), "MPI_Test");
    if (arrived != 0) break;
    patience.rest();
    if (const auto now = Clock::now(); now - told >= milliseconds(100)) {
      between();
      told = now;
    }
  }
  std::vector<char> message(static_cast<std::size_t>(incoming_.size));
  const std::size_t first = std::min(first_part, message.size());
  std::copy_n(incoming_.bytes.begin(), first, message.begin());
  post();  // before the coordinator can ring again
  if (message.size() > first) detail::broadcast_bytes(comm_, message.data() + first, message.size() - first, 0);
  return message;
}

void Doorbell::ask_to_end() {
  if (notice_request_ != MPI_REQUEST_NULL) return;
  check_mpi(MPI_Isend(&notice_, 1, MPI_BYTE, 0, notice_tag, comm_.get(), &notice_request_), "MPI_Isend");
}

bool Doorbell::asked_to_end() {
  int waiting = 0;
  bool asked = false;
  for (;;) {
    MPI_Status status;
    check_mpi(MPI_Iprobe(MPI_ANY_SOURCE, notice_tag, comm_.get(), &waiting, &status), "MPI_Iprobe");
    if (waiting == 0) return asked;
    check_mpi(MPI_Recv(&notice_, 1, MPI_BYTE, status.MPI_SOURCE, notice_tag, comm_.get(), MPI_STATUS_IGNORE),
              "MPI_Recv");
    asked = true;
  }
}

}  // namespace alsace::mpi
