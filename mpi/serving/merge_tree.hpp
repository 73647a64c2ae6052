#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "mpi/comm/communicator.hpp"
#include "src/ranking/top_k.hpp"

namespace alsace::mpi {

/// The binary tree along which lists go to rank 0, as integers: no communicator needed.
std::optional<int> merge_parent(int rank);
/// At most two, ascending, all behind `rank`.
std::vector<int> merge_children(int rank, int ranks);

/// The k best of every query over all ranks, on rank 0; an empty answer on the others. Every rank gives its lists of
/// the same queries, over different items. Collective: each rank receives at most two messages of 8 bytes an entry and
/// sends one, in ⌈log2(R + 1)⌉ − 1 steps.
RankedLists merge_to_root(const Communicator& comm, RankedLists mine, std::size_t k);
/// With a length for each query.
RankedLists merge_to_root(const Communicator& comm, RankedLists mine, std::span<const std::uint32_t> takes);

}  // namespace alsace::mpi
