#include "mpi/serving/sharded_search.hpp"

#include <algorithm>
#include <span>
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

/// The last score of each list that is full: less is not wanted from anybody. `lists`: of all queries, or none.
std::vector<float> last_scores(const RankedLists& lists, const Queries& queries, std::size_t k) {
  std::vector<float> scores(queries.count, no_threshold);
  for (std::size_t q = 0; q < lists.size(); ++q) {
    const std::size_t wanted = queries.takes.empty() ? k : std::min<std::size_t>(k, queries.takes[q]);
    if (wanted > 0 && lists[q].size() == wanted) scores[q] = lists[q].back().score;
  }
  return scores;
}

/// Every R-th of the queries, from `first` on.
Queries every(const Queries& all, std::size_t first, std::size_t ranks) {
  Queries some;
  some.factors = all.factors;
  const auto width = static_cast<std::size_t>(all.factors);
  some.rows.reserve((all.count / ranks + 1) * width);
  for (std::size_t q = first; q < all.count; q += ranks) {
    ++some.count;
    some.rows.insert(some.rows.end(), all.rows.data() + q * width, all.rows.data() + (q + 1) * width);
    if (!all.offsets.empty()) some.offsets.push_back(all.offsets[q]);
    const auto excluded = all.excluded(q);
    some.excluded_items.insert(some.excluded_items.end(), excluded.begin(), excluded.end());
    some.excluded_offsets.push_back(some.excluded_items.size());
    if (!all.takes.empty()) some.takes.push_back(all.takes[q]);
    if (!all.allowed.empty()) some.allowed.push_back(all.allowed[q]);
  }
  return some;
}

SearchOptions options_of(const ShardedSearch& search) {
  SearchOptions options;
  options.threads = search.threads;
  return options;
}

/// This rank's share of the lists from the head: one a query, empty for those of other ranks.
RankedLists search_head(const Communicator& comm, const ShardedSearch& search, const Queries& queries, std::size_t k,
                        SearchCounts& counts) {
  const auto first = static_cast<std::size_t>(comm.rank());
  const auto ranks = static_cast<std::size_t>(comm.size());
  const Queries own = every(queries, first, ranks);
  IndexSearch head(search.kernels, search.items.head, own, k, options_of(search));
  const RankedLists found = head.finish();
  counts += head.counts();
  RankedLists lists;
  for (std::size_t q = 0; q < queries.count; ++q)
    lists.push_back(q % ranks == first ? found[q / ranks] : std::span<const ScoredItem>());
  return lists;
}

/// The search of one rank's part, for queries of which all ranks know what the head has.
class PartSearch {
 public:
  /// `thresholds`: what the lists of the head are worth. `head`: this rank's lists from it.
  PartSearch(const Communicator& comm, const ShardedSearch& search, const Queries& queries, std::size_t k,
             std::span<const float> thresholds, RankedLists head)
      : comm_(comm),
        items_(search.items),
        queries_(queries),
        k_(k),
        head_(std::move(head)),
        part_(search.kernels, search.items.part, queries, k, options_of(search), thresholds) {}

  /// Searches, and tells the other ranks how good lists are where that pays; they leave what cannot enter. Collective.
  void run() {
    const SharingCosts costs{items_.head.count(), items_.dealt, comm_.size(), queries_.factors, k_};
    std::uint64_t known = costs.head;
    std::size_t open = queries_.count;
    while (const auto next = next_sharing(costs, known, open)) {
      part_.advance(static_cast<std::size_t>((*next - costs.head) / static_cast<std::uint64_t>(costs.ranks)));
      open = static_cast<std::size_t>(all_reduce_max(comm_, std::uint64_t{part_.unfinished()}));
      if (next_sharing(costs, known, open) == next) share();
      known = *next;
    }
    part_.advance(items_.part.count());
  }

  /// Of head and part so far.
  [[nodiscard]] RankedLists lists() const {
    return queries_.takes.empty() ? merge_top_k(head_, part_.lists(), k_)
                                  : merge_top_k(head_, part_.lists(), std::span(queries_.takes));
  }
  [[nodiscard]] SearchCounts counts() const { return part_.counts(); }

 private:
  void share() {
    std::vector<float> thresholds = last_scores(merge(comm_, lists(), queries_, k_), queries_, k_);
    broadcast(comm_, std::span(thresholds));
    part_.raise_thresholds(thresholds);
  }

  const Communicator& comm_;
  const ShardedItems& items_;
  const Queries& queries_;
  std::size_t k_;
  RankedLists head_;
  IndexSearch part_;
};

}  // namespace

std::optional<std::uint64_t> next_sharing(const SharingCosts& costs, std::uint64_t known, std::size_t open) {
  // To tell takes some 100 microseconds. It pays where it spares many items from being scored in fp32, or some of a
  // scan that takes a few milliseconds: a twentieth of what it comes to is spared. Reading an item's codes takes as
  // long as some queries' products with them.
  constexpr std::uint64_t growth = 4;
  constexpr std::size_t entries_worth_telling = 2000;
  constexpr std::uint64_t products_worth_telling = 150'000'000;
  constexpr std::uint64_t reading = 16;
  if (costs.ranks == 1 || open == 0) return std::nullopt;
  const std::uint64_t all = costs.head + costs.dealt;
  // The lists of all ranks together should be full.
  for (std::uint64_t next = growth * std::max<std::uint64_t>({known, costs.k, 1}); next <= all / 2; next *= growth) {
    const std::uint64_t own = (next - costs.head) / static_cast<std::uint64_t>(costs.ranks);
    const std::uint64_t products = (open + reading) * own * static_cast<std::uint64_t>(costs.factors);
    if (open * costs.k >= entries_worth_telling || products >= products_worth_telling) return next;
  }
  return std::nullopt;
}

RankedLists search_own(const Communicator& comm, const ShardedSearch& search, const Queries& queries, std::size_t k,
                       SearchCounts* counts) {
  SearchCounts own;
  RankedLists lists;
  if (search.items.head.count() > 0)
    lists = search_head(comm, search, queries, k, own);
  else
    lists.offsets.assign(queries.count + 1, 0);
  std::vector<float> thresholds = last_scores(lists, queries, k);
  if (search.items.dealt > 0 && comm.size() > 1) all_reduce_max(comm, std::span(thresholds));
  if (search.items.dealt > 0) {
    PartSearch part(comm, search, queries, k, thresholds, std::move(lists));
    part.run();
    lists = part.lists();
    own += part.counts();
  }
  if (counts != nullptr) *counts += own;
  return lists;
}

RankedLists sharded_top_k(const Communicator& comm, const ShardedSearch& search, const Queries& queries, std::size_t k,
                          SearchCounts* counts) {
  return merge(comm, search_own(comm, search, queries, k, counts), queries, k);
}

}  // namespace alsace::mpi
