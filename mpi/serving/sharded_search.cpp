#include "mpi/serving/sharded_search.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "mpi/comm/collectives.hpp"
#include "mpi/serving/merge_tree.hpp"

namespace alsace::mpi {
namespace {

RankedLists merge(const Communicator& comm, RankedLists mine, const Queries& queries, std::size_t k) {
  return queries.takes.empty() ? merge_to_root(comm, std::move(mine), k)
                               : merge_to_root(comm, std::move(mine), std::span(queries.takes));
}

/// The last score of each list that is full, by all ranks' lists so far: less is not wanted from anybody.
std::vector<float> thresholds_of_all(const Communicator& comm, RankedLists mine, const Queries& queries,
                                     std::size_t k) {
  const RankedLists best = merge(comm, std::move(mine), queries, k);
  std::vector<float> thresholds(queries.count, no_threshold);
  for (std::size_t q = 0; q < best.size(); ++q) {
    const std::size_t wanted = queries.takes.empty() ? k : std::min<std::size_t>(k, queries.takes[q]);
    if (wanted > 0 && best[q].size() == wanted) thresholds[q] = best[q].back().score;
  }
  broadcast(comm, std::span(thresholds));
  return thresholds;
}

}  // namespace

std::vector<std::size_t> sharing_positions(std::size_t queries, int factors, std::size_t k, std::uint64_t least_items,
                                           int ranks) {
  // To tell takes some 100 microseconds. Either it spares many items from being scored in fp32, or the search is so
  // long by then that it does not matter.
  constexpr std::size_t entries_worth_telling = 2000;
  constexpr std::size_t products_worth_telling = 16'000'000;
  std::vector<std::size_t> positions;
  if (ranks == 1) return positions;
  const auto parts = static_cast<std::size_t>(ranks);
  // The first lists of all ranks together should be full.
  for (std::size_t position = std::max(scan_group, (k + parts - 1) / parts); position < least_items;
       position += position / 2) {
    const std::size_t products = queries * position * static_cast<std::size_t>(factors);
    if (queries * k >= entries_worth_telling || products >= products_worth_telling) positions.push_back(position);
  }
  return positions;
}

RankedLists search_own(const Communicator& comm, const ShardedSearch& search, const Queries& queries, std::size_t k,
                       SearchCounts* counts) {
  SearchOptions options;
  options.threads = search.threads;
  IndexSearch own(search.kernels, search.own, queries, k, options);
  for (const std::size_t position :
       sharing_positions(queries.count, queries.factors, k, search.least_items, comm.size())) {
    own.advance(position);
    own.raise_thresholds(thresholds_of_all(comm, own.lists(), queries, k));
  }
  RankedLists lists = own.finish();
  if (counts != nullptr) *counts += own.counts();
  return lists;
}

RankedLists sharded_top_k(const Communicator& comm, const ShardedSearch& search, const Queries& queries, std::size_t k,
                          SearchCounts* counts) {
  return merge(comm, search_own(comm, search, queries, k, counts), queries, k);
}

}  // namespace alsace::mpi
