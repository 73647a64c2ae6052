#include "mpi/serving/merge_tree.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>

#include <mpi.h>

#include "mpi/comm/collectives.hpp"
#include "src/error.hpp"

namespace alsace::mpi {
namespace {

constexpr int list_tag = 1;

/// Both sides know the size. Long messages go in pieces.
template <class T>
void send_all(const Communicator& comm, std::span<const T> values, int to) {
  const auto bytes = std::as_bytes(values);
  for (std::size_t at = 0; at < bytes.size(); at += piece_elements) {
    const auto count = static_cast<int>(std::min(piece_elements, bytes.size() - at));
    check_mpi(MPI_Send(bytes.data() + at, count, MPI_BYTE, to, list_tag, comm.get()), "MPI_Send");
  }
}

template <class T>
void receive_all(const Communicator& comm, std::span<T> values, int from) {
  const auto bytes = std::as_writable_bytes(values);
  for (std::size_t at = 0; at < bytes.size(); at += piece_elements) {
    const auto count = static_cast<int>(std::min(piece_elements, bytes.size() - at));
    check_mpi(MPI_Recv(bytes.data() + at, count, MPI_BYTE, from, list_tag, comm.get(), MPI_STATUS_IGNORE), "MPI_Recv");
  }
}

RankedLists receive_lists(const Communicator& comm, std::size_t queries, int from) {
  RankedLists lists;
  lists.offsets.assign(queries + 1, 0);
  receive_all(comm, std::span(lists.offsets), from);
  lists.items.resize(static_cast<std::size_t>(lists.offsets.back()));
  receive_all(comm, std::span(lists.items), from);
  return lists;
}

/// `length`: one for all queries, or one each.
template <class Length>
RankedLists merge_along_tree(const Communicator& comm, RankedLists mine, Length length) {
  for (const int child : merge_children(comm.rank(), comm.size())) {
    mine = merge_top_k(mine, receive_lists(comm, mine.size(), child), length);
  }
  const std::optional<int> parent = merge_parent(comm.rank());
  if (!parent) return mine;
  send_all<std::uint64_t>(comm, mine.offsets, *parent);
  send_all<ScoredItem>(comm, mine.items, *parent);
  return {};
}

}  // namespace

std::optional<int> merge_parent(int rank) {
  return rank == 0 ? std::nullopt : std::optional<int>((rank - 1) / 2);
}

std::vector<int> merge_children(int rank, int ranks) {
  std::vector<int> children;
  for (const int child : {2 * rank + 1, 2 * rank + 2}) {
    if (child < ranks) children.push_back(child);
  }
  return children;
}

RankedLists merge_to_root(const Communicator& comm, RankedLists mine, std::size_t k) {
  return merge_along_tree(comm, std::move(mine), k);
}

RankedLists merge_to_root(const Communicator& comm, RankedLists mine, std::span<const std::uint32_t> takes) {
  return merge_along_tree(comm, std::move(mine), takes);
}

}  // namespace alsace::mpi
