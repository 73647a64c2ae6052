#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "mpi/comm/communicator.hpp"
#include "src/kernels/kernel_table.hpp"
#include "src/ranking/index_search.hpp"

namespace alsace::mpi {

/// A search in which every rank goes through its own items.
struct ShardedSearch {
  const KernelTable& kernels;
  const ItemIndex& own;           ///< this rank's items
  std::uint64_t least_items = 0;  ///< that any rank has; the same on all
  int threads = 1;
};

/// The items of a rank after which ranks tell each other how good their lists are, ascending: seldom enough that the
/// telling is small beside the search, often enough that a rank does not rescore what another's items rule out.
std::vector<std::size_t> sharing_positions(std::size_t queries, int factors, std::size_t k, std::uint64_t least_items,
                                           int ranks);

/// Those of this rank's items that may be among the k best of all (or among as many as a query takes), for each query:
/// what merge_to_root wants. Every rank gives the same queries. Collective: for each sharing position a merge_to_root,
/// after which 4 bytes a query are broadcast. Throws nothing that one rank alone could meet but for a bug or want of
/// memory. `counts`: adds what this rank did; may be null.
RankedLists search_own(const Communicator& comm, const ShardedSearch& search, const Queries& queries, std::size_t k,
                       SearchCounts* counts = nullptr);

/// The k best items of all ranks for each query, on rank 0; an empty answer on the others. Collective: search_own, then
/// merge_to_root.
RankedLists sharded_top_k(const Communicator& comm, const ShardedSearch& search, const Queries& queries, std::size_t k,
                          SearchCounts* counts = nullptr);

}  // namespace alsace::mpi
