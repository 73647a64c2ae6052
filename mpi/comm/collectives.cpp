#include "mpi/comm/collectives.hpp"

#include "src/error.hpp"

namespace alsace::mpi {

void barrier(const Communicator& comm) {
  check_mpi(MPI_Barrier(comm.get()), "MPI_Barrier");
}

namespace detail {

void broadcast_bytes(const Communicator& comm, void* data, std::size_t bytes, int root) {
  for (std::size_t at = 0; at < bytes; at += piece_elements) {
    const auto count = static_cast<int>(std::min(piece_elements, bytes - at));
    check_mpi(MPI_Bcast(static_cast<char*>(data) + at, count, MPI_BYTE, root, comm.get()), "MPI_Bcast");
  }
}

void gather_bytes(const Communicator& comm, const void* mine, void* all, std::span<const std::uint64_t> counts,
                  std::size_t element_bytes) {
  std::vector<std::uint64_t> bounds(counts.size() + 1, 0);
  std::partial_sum(counts.begin(), counts.end(), bounds.begin() + 1);
  const auto rank = static_cast<std::size_t>(comm.rank());
  const auto* from = static_cast<const char*>(mine);
  std::copy_n(from, counts[rank] * element_bytes, static_cast<char*>(all) + bounds[rank] * element_bytes);
  all_gather_rows(comm, all, element_bytes, bounds);
}

/// Round by round, at most `piece` elements to and from each rank, so that counts and displacements stay within an int
/// and MPI's internal copies stay small.
void exchange_bytes(const Communicator& comm, const void* send, std::span<const std::uint64_t> send_counts,
                    void* receive, std::span<const std::uint64_t> receive_counts, std::size_t element_bytes,
                    std::size_t piece) {
  const auto ranks = static_cast<std::size_t>(comm.size());
  const ElementType element(element_bytes);
  std::uint64_t longest = 0;
  for (std::size_t r = 0; r < ranks; ++r) longest = std::max({longest, send_counts[r], receive_counts[r]});
  longest = all_reduce_max(comm, longest);
  const std::uint64_t rounds = (longest + piece - 1) / piece;

  std::vector<MPI_Request> requests;
  for (std::uint64_t round = 0; round < rounds; ++round) {
    requests.clear();
    const auto post = [&](auto&& start, auto* base, std::span<const std::uint64_t> counts, const char* call) {
      std::uint64_t offset = 0;
      for (std::size_t r = 0; r < ranks; ++r) {
        const std::uint64_t begin = std::min<std::uint64_t>(counts[r], round * piece);
        const std::uint64_t count = std::min<std::uint64_t>(counts[r] - begin, piece);
        if (count > 0) {
          requests.emplace_back();
          check_mpi(start(base + (offset + begin) * element_bytes, static_cast<int>(count), element.get(),
                          static_cast<int>(r), 0, comm.get(), &requests.back()),
                    call);
        }
        offset += counts[r];
      }
    };
    requests.reserve(2 * ranks);
    post(MPI_Irecv, static_cast<char*>(receive), receive_counts, "MPI_Irecv");
    post(MPI_Isend, static_cast<const char*>(send), send_counts, "MPI_Isend");
    check_mpi(MPI_Waitall(static_cast<int>(requests.size()), requests.data(), MPI_STATUSES_IGNORE), "MPI_Waitall");
  }
}

}  // namespace detail

GatherRound gather_round(std::span<const std::uint64_t> bounds, std::uint64_t begin, std::uint64_t window) {
  ALSACE_CHECK(window <= static_cast<std::uint64_t>(INT_MAX), "counts and starts of a round fit an int");
  GatherRound round;
  for (std::size_t r = 0; r + 1 < bounds.size(); ++r) {
    const std::uint64_t first = std::clamp(bounds[r], begin, begin + window);
    const std::uint64_t end = std::clamp(bounds[r + 1], begin, begin + window);
    round.counts.push_back(static_cast<int>(end - first));
    round.starts.push_back(static_cast<int>(first - begin));
  }
  return round;
}

void all_gather_rows(const Communicator& comm, void* matrix, std::size_t row_bytes,
                     std::span<const std::uint64_t> bounds, std::uint64_t window) {
  ALSACE_CHECK(bounds.size() == static_cast<std::size_t>(comm.size()) + 1, "one bound more than ranks");
  const ElementType row(row_bytes);
  for (std::uint64_t begin = 0; begin < bounds.back(); begin += window) {
    const GatherRound round = gather_round(bounds, begin, window);
    check_mpi(MPI_Allgatherv(MPI_IN_PLACE, 0, row.get(), static_cast<char*>(matrix) + begin * row_bytes,
                             round.counts.data(), round.starts.data(), row.get(), comm.get()),
              "MPI_Allgatherv");
  }
}

}  // namespace alsace::mpi
