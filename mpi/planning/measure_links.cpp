#include "mpi/planning/measure_links.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include "io/clock.hpp"
#include "mpi/comm/collectives.hpp"

namespace alsace::mpi {
namespace {

constexpr std::size_t message_bytes = std::size_t{8} << 20;
constexpr int repeats = 7;
constexpr int round_trips = 100;

/// Who this rank sends to and who it receives from.
struct Neighbours {
  int next = 0;
  int previous = 0;
};

/// Seconds in which every rank has sent and received the long message: the slowest rank's, the least of the repeats.
double pass_around(const Communicator& comm, Neighbours ring) {
  const std::vector<char> out(message_bytes, 'x');
  std::vector<char> in(message_bytes);
  double least = std::numeric_limits<double>::infinity();
  for (int repeat = 0; repeat < repeats; ++repeat) {
    barrier(comm);
    const io::Stopwatch watch;
    check_mpi(MPI_Sendrecv(out.data(), static_cast<int>(out.size()), MPI_BYTE, ring.next, 0, in.data(),
                           static_cast<int>(in.size()), MPI_BYTE, ring.previous, 0, comm.get(), MPI_STATUS_IGNORE),
              "MPI_Sendrecv");
    least = std::min(least, all_reduce_max(comm, watch.seconds()));
  }
  return least;
}

/// Half of a round trip of 8 bytes between rank 0 and `other`, in seconds.
double latency_between(const Communicator& comm, int other) {
  std::uint64_t word = 0;
  double least = std::numeric_limits<double>::infinity();
  for (int trip = 0; trip < round_trips; ++trip) {
    barrier(comm);
    const io::Stopwatch watch;
    if (comm.is_root()) {
      check_mpi(MPI_Send(&word, 1, MPI_UINT64_T, other, 0, comm.get()), "MPI_Send");
      check_mpi(MPI_Recv(&word, 1, MPI_UINT64_T, other, 0, comm.get(), MPI_STATUS_IGNORE), "MPI_Recv");
    } else if (comm.rank() == other) {
      check_mpi(MPI_Recv(&word, 1, MPI_UINT64_T, 0, 0, comm.get(), MPI_STATUS_IGNORE), "MPI_Recv");
      check_mpi(MPI_Send(&word, 1, MPI_UINT64_T, 0, 0, comm.get()), "MPI_Send");
    }
    least = std::min(least, watch.seconds() / 2);
  }
  return broadcast_value(comm, least);
}

/// The ranks' hosts, numbered by their lowest ranks.
std::vector<int> hosts_of_ranks(const Communicator& comm, const Communicator& host) {
  return all_gather(comm, broadcast_value(host, comm.rank()));
}

}  // namespace

MeasuredLinks measure_links(const Communicator& comm) {
  const Communicator host = comm.split_by_host();
  MeasuredLinks links;
  if (all_reduce_max(comm, host.size()) > 1) {
    const int size = host.size();
    const double seconds =
        all_reduce_max(comm, pass_around(host, {(host.rank() + 1) % size, (host.rank() + size - 1) % size}));
    const double latency = all_reduce_max(comm, size > 1 ? latency_between(host, 1) : 0.0);
    links.within_host = LinkRates{static_cast<double>(message_bytes) / seconds, latency};
  }
  const std::vector<int> hosts = hosts_of_ranks(comm, host);
  const auto foreign = std::find_if(hosts.begin(), hosts.end(), [&](int first) { return first != hosts.front(); });
  if (foreign == hosts.end()) return links;
  // Ranks of one place within their hosts form a ring, so that every host sends to the next with all its ranks.
  const Communicator peers = comm.split(host.rank(), comm.rank());
  const int size = peers.size();
  const double seconds =
      all_reduce_max(comm, pass_around(peers, {(peers.rank() + 1) % size, (peers.rank() + size - 1) % size}));
  const double bytes = static_cast<double>(message_bytes) * all_reduce_max(comm, host.size());
  links.between_hosts = LinkRates{bytes / seconds, latency_between(comm, static_cast<int>(foreign - hosts.begin()))};
  return links;
}

}  // namespace alsace::mpi
