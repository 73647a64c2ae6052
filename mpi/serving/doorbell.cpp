#include "mpi/serving/doorbell.hpp"

#include <algorithm>
#include <chrono>
#include <climits>
#include <cstddef>
#include <ctime>
#include <span>
#include <thread>

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "mpi/comm/collectives.hpp"

namespace alsace::mpi {
namespace {

constexpr int ring_tag = 2;
constexpr int notice_tag = 3;

using Clock = std::chrono::steady_clock;
using std::chrono::microseconds;
using std::chrono::milliseconds;

/// How often wait() calls `between`.
constexpr milliseconds between_calls{100};

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

Doorbell::Doorbell(const Communicator& comm)
    : comm_(comm),
      window_(comm.split_by_host(), sizeof(std::uint32_t)),
      rings_(*reinterpret_cast<std::uint32_t*>(window_.data())),
      shares_rings_(broadcast_value(comm.split_by_host(), comm.is_root())) {
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

// The system's calls themselves: atomic waits of the standard library end at the process.
void Doorbell::wake_sleepers() {
  rings_.fetch_add(1);
  syscall(SYS_futex, window_.data(), FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

void Doorbell::sleep() const {
  constexpr timespec most{0, std::chrono::nanoseconds(between_calls).count()};
  syscall(SYS_futex, window_.data(), FUTEX_WAIT, answered_, &most, nullptr, 0);
}

void Doorbell::ring(const std::vector<char>& message) {
  Part part{message.size(), {}};
  const std::size_t first = std::min(first_part, message.size());
  std::copy_n(message.begin(), first, part.bytes.begin());
  std::vector<MPI_Request> requests;
  const auto send = [&](const void* bytes, std::size_t count, int rank) {
    requests.emplace_back();
    check_mpi(MPI_Isend(bytes, static_cast<int>(count), MPI_BYTE, rank, ring_tag, comm_.get(), &requests.back()),
              "MPI_Isend");
  };
  const std::size_t sent = std::min(all_parts, message.size());
  for (int rank = 1; rank < comm_.size(); ++rank) {
    send(&part, offsetof(Part, bytes) + first, rank);
    for (std::size_t at = first; at < sent; at += first_part)
      send(message.data() + at, std::min(first_part, sent - at), rank);
  }
  wake_sleepers();
  check_mpi(MPI_Waitall(static_cast<int>(requests.size()), requests.data(), MPI_STATUSES_IGNORE), "MPI_Waitall");
  if (message.size() > sent) {
    auto rest = std::vector<char>(message.begin() + static_cast<std::ptrdiff_t>(sent), message.end());
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
    if (shares_rings_ && rings_ == answered_)
      sleep();
    else
      patience.rest();
    if (const auto now = Clock::now(); now - told >= between_calls) {
      between();
      told = now;
    }
  }
  std::vector<char> message(static_cast<std::size_t>(incoming_.size));
  const std::size_t first = std::min(first_part, message.size());
  std::copy_n(incoming_.bytes.begin(), first, message.begin());
  const std::size_t sent = std::min(all_parts, message.size());
  for (std::size_t at = first; at < sent; at += first_part) {
    check_mpi(MPI_Recv(message.data() + at, static_cast<int>(std::min(first_part, sent - at)), MPI_BYTE, 0, ring_tag,
                       comm_.get(), MPI_STATUS_IGNORE),
              "MPI_Recv");
  }
  ++answered_;
  post();
  if (message.size() > sent) detail::broadcast_bytes(comm_, message.data() + sent, message.size() - sent, 0);
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
