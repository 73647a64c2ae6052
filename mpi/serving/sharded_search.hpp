#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "mpi/comm/communicator.hpp"
#include "mpi/serving/sharded_items.hpp"
#include "src/kernels/kernel_table.hpp"
#include "src/ranking/index_search.hpp"

namespace alsace::mpi {

/// A search in which every rank goes through the head of the items for its share of the queries, query q on rank
/// q mod R, and through its own part of the items for all of them.
struct ShardedSearch {
  const KernelTable& kernels;
  const ShardedItems& items;
  int threads = 1;
};

/// What decides how often ranks tell each other how good their lists are; the same on all of them.
struct SharingCosts {
  std::uint64_t head = 0;   ///< items
  std::uint64_t dealt = 0;  ///< items of all parts
  int ranks = 1;
  int factors = 1;
  std::size_t k = 0;  ///< of the longest list
};

/// After how many items, those of the head and of all parts together, the next telling pays, when `known` have been
/// searched and `open` queries are not done; nothing when none will any more. Between two of them ranks search three
/// times as many items as before, each by itself: for 1M items of narrow norms 4 ranks scan 1 % more than one does, and
/// 13 % more when they tell each other nothing but what the head gave.
std::optional<std::uint64_t> next_sharing(const SharingCosts& costs, std::uint64_t known, std::size_t open);

/// Lists of this rank that together with those of the others have the k best items of all (or as many as a query takes)
/// for each query: what merge_to_root wants. Every rank gives the same queries. Collective: where items are dealt, an
/// all-reduce of 4 bytes a query for what the head gives, and each time that telling could pay one of 8 bytes, and
/// where it still does a merge_to_root, after which 4 bytes a query are broadcast. Throws nothing that one rank alone
/// could meet but for a bug or want of memory. `counts`: adds what this rank did; may be null.
RankedLists search_own(const Communicator& comm, const ShardedSearch& search, const Queries& queries, std::size_t k,
                       SearchCounts* counts = nullptr);

/// The k best items of all ranks for each query, on rank 0; an empty answer on the others. Collective: search_own, then
/// merge_to_root.
RankedLists sharded_top_k(const Communicator& comm, const ShardedSearch& search, const Queries& queries, std::size_t k,
                          SearchCounts* counts = nullptr);

}  // namespace alsace::mpi
