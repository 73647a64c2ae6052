#pragma once

#include <algorithm>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <mpi.h>

#include "mpi/comm/communicator.hpp"
#include "mpi/comm/datatype.hpp"

/// Typed collectives over spans and vectors. Every function here is collective over `comm`; what moves is said in bytes
/// a rank for n elements of s bytes on R ranks. Element counts may exceed 2^31: long messages go in pieces.
namespace alsace::mpi {

/// Elements of one piece of a long message: within the int that an MPI count is.
inline constexpr std::size_t piece_elements = std::size_t{1} << 28;

void barrier(const Communicator& comm);

namespace detail {
template <class T>
void all_reduce(const Communicator& comm, std::span<T> values, MPI_Op op) {
  for (std::size_t at = 0; at < values.size(); at += piece_elements) {
    const auto count = static_cast<int>(std::min(piece_elements, values.size() - at));
    check_mpi(MPI_Allreduce(MPI_IN_PLACE, values.data() + at, count, arithmetic_type<T>(), op, comm.get()),
              "MPI_Allreduce");
  }
}
template <class T>
T all_reduce_value(const Communicator& comm, T value, MPI_Op op) {
  all_reduce(comm, std::span<T>(&value, 1), op);
  return value;
}
void exchange_bytes(const Communicator& comm, const void* send, std::span<const std::uint64_t> send_counts,
                    void* receive, std::span<const std::uint64_t> receive_counts, std::size_t element_bytes,
                    std::size_t piece);
void gather_bytes(const Communicator& comm, const void* mine, void* all, std::span<const std::uint64_t> counts,
                  std::size_t element_bytes);
void broadcast_bytes(const Communicator& comm, void* data, std::size_t bytes, int root);
}  // namespace detail

/// Element-wise over ranks, in place. Use sums of integers only where bits matter: those are exact in any order.
template <class T>
void all_reduce_sum(const Communicator& comm, std::span<T> values) {
  static_assert(std::is_integral_v<T>, "a floating-point sum over ranks depends on their number: use exact_sum");
  detail::all_reduce(comm, values, MPI_SUM);
}
template <class T>
void all_reduce_max(const Communicator& comm, std::span<T> values) {
  detail::all_reduce(comm, values, MPI_MAX);
}
/// Bit by bit.
template <class T>
void all_reduce_or(const Communicator& comm, std::span<T> values) {
  static_assert(std::is_unsigned_v<T>);
  detail::all_reduce(comm, values, MPI_BOR);
}
template <class T>
T all_reduce_sum(const Communicator& comm, T value) {
  static_assert(std::is_integral_v<T>, "a floating-point sum over ranks depends on their number: use exact_sum");
  return detail::all_reduce_value(comm, value, MPI_SUM);
}
template <class T>
T all_reduce_max(const Communicator& comm, T value) {
  return detail::all_reduce_value(comm, value, MPI_MAX);
}
template <class T>
T all_reduce_min(const Communicator& comm, T value) {
  return detail::all_reduce_value(comm, value, MPI_MIN);
}
/// True where it is true on any rank (all ranks).
inline bool any_of(const Communicator& comm, bool value) {
  return all_reduce_max(comm, value ? 1 : 0) != 0;
}
inline bool all_of(const Communicator& comm, bool value) {
  return all_reduce_min(comm, value ? 1 : 0) != 0;
}

/// Sum of `value` over the ranks below this one; 0 on rank 0.
template <class T>
T exclusive_sum(const Communicator& comm, T value) {
  static_assert(std::is_integral_v<T>);
  T before = 0;
  check_mpi(MPI_Exscan(&value, &before, 1, arithmetic_type<T>(), MPI_SUM, comm.get()), "MPI_Exscan");
  return comm.is_root() ? T{0} : before;
}

/// One value of every rank, in rank order.
template <class T>
std::vector<T> all_gather(const Communicator& comm, const T& value) {
  static_assert(std::is_trivially_copyable_v<T>);
  std::vector<T> all(static_cast<std::size_t>(comm.size()));
  check_mpi(MPI_Allgather(&value, static_cast<int>(sizeof(T)), MPI_BYTE, all.data(), static_cast<int>(sizeof(T)),
                          MPI_BYTE, comm.get()),
            "MPI_Allgather");
  return all;
}

/// The concatenation of every rank's elements in rank order, on every rank. `counts`: how many each rank gives, where
/// all know it.
template <class T>
std::vector<T> all_gather_vector(const Communicator& comm, std::span<const T> mine,
                                 std::span<const std::uint64_t> counts) {
  static_assert(std::is_trivially_copyable_v<T>);
  std::vector<T> all(std::accumulate(counts.begin(), counts.end(), std::size_t{0}));
  detail::gather_bytes(comm, mine.data(), all.data(), counts, sizeof(T));
  return all;
}
template <class T>
std::vector<T> all_gather_vector(const Communicator& comm, std::span<const T> mine) {
  return all_gather_vector(comm, mine, all_gather(comm, static_cast<std::uint64_t>(mine.size())));
}

/// Completes a matrix of `row_bytes` a row that every rank holds whole, of which rank r has computed the rows
/// [bounds[r], bounds[r + 1]). In place; receives (1 − 1/R) of the matrix. More than `window` rows go in rounds.
void all_gather_rows(const Communicator& comm, void* matrix, std::size_t row_bytes,
                     std::span<const std::uint64_t> bounds, std::uint64_t window = std::uint64_t{1} << 30);

/// One round of it: what each rank adds to the rows [begin, begin + window), and where that starts among them.
struct GatherRound {
  std::vector<int> counts;
  std::vector<int> starts;
};
GatherRound gather_round(std::span<const std::uint64_t> bounds, std::uint64_t begin, std::uint64_t window);

template <class T>
T broadcast_value(const Communicator& comm, T value, int root = 0) {
  static_assert(std::is_trivially_copyable_v<T>);
  detail::broadcast_bytes(comm, &value, sizeof(T), root);
  return value;
}

/// The root's elements on every rank.
template <class T>
void broadcast(const Communicator& comm, std::span<T> values, int root = 0) {
  static_assert(std::is_trivially_copyable_v<T>);
  detail::broadcast_bytes(comm, values.data(), values.size_bytes(), root);
}

/// The root's vector, size included, on every rank.
template <class T>
void broadcast_vector(const Communicator& comm, std::vector<T>& values, int root = 0) {
  static_assert(std::is_trivially_copyable_v<T>);
  values.resize(static_cast<std::size_t>(broadcast_value(comm, static_cast<std::uint64_t>(values.size()), root)));
  detail::broadcast_bytes(comm, values.data(), values.size() * sizeof(T), root);
}

/// What an all-to-all exchange received: the elements in the order of the ranks that sent them.
template <class T>
struct Received {
  std::vector<T> elements;
  std::vector<std::uint64_t> counts;  ///< elements from each rank
};

/// Sends to rank r the next send_counts[r] elements of `send`. Messages longer than `piece` elements go in rounds.
template <class T>
Received<T> all_to_all(const Communicator& comm, std::span<const T> send, std::span<const std::uint64_t> send_counts,
                       std::size_t piece = std::size_t{1} << 22) {
  static_assert(std::is_trivially_copyable_v<T>);
  Received<T> received;
  received.counts.resize(send_counts.size());
  check_mpi(MPI_Alltoall(send_counts.data(), 1, MPI_UINT64_T, received.counts.data(), 1, MPI_UINT64_T, comm.get()),
            "MPI_Alltoall");
  received.elements.resize(std::accumulate(received.counts.begin(), received.counts.end(), std::size_t{0}));
  detail::exchange_bytes(comm, send.data(), send_counts, received.elements.data(), received.counts, sizeof(T), piece);
  return received;
}

}  // namespace alsace::mpi
