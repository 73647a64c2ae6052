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

/// The search of one rank on its way.
class RankSearch {
 public:
  RankSearch(const Communicator& comm, const ShardedSearch& search, const Queries& queries, std::size_t k)
      : comm_(comm),
        search_(search),
        queries_(queries),
        k_(k),
        part_(search.kernels, search.items.part, queries, k, options()) {}

  /// Finds this rank's share of the lists from the head.
  void search_head() {
    const auto first = static_cast<std::size_t>(comm_.rank());
    const auto ranks = static_cast<std::size_t>(comm_.size());
    const Queries own = every(queries_, first, ranks);
    IndexSearch head(search_.kernels, search_.items.head, own, k_, options());
    const RankedLists lists = head.finish();
    counts_ += head.counts();
    for (std::size_t q = 0; q < queries_.count; ++q) {
      head_.push_back(q % ranks == first ? lists[q / ranks] : std::span<const ScoredItem>());
    }
  }

  /// Searches the part, as far as all ranks together leave anything to be found there. Collective.
  void search_part() {
    const ShardedItems& items = search_.items;
    std::vector<float> thresholds = last_scores(head_, queries_, k_);
    all_reduce_max(comm_, std::span(thresholds));
    part_.raise_thresholds(thresholds);
    const SharingCosts costs{items.head.count(), items.dealt, comm_.size(), queries_.factors, k_};
    std::uint64_t known = items.head.count();
    while (next_sharing(costs, known, queries_.count)) {
      const auto next = next_sharing(costs, known, all_reduce_max(comm_, std::uint64_t{part_.unfinished()}));
      if (!next) break;
      known = *next;
      part_.advance(static_cast<std::size_t>((known - costs.head) / static_cast<std::uint64_t>(costs.ranks)));
      thresholds = last_scores(merge(comm_, lists(), queries_, k_), queries_, k_);
      broadcast(comm_, std::span(thresholds));
      part_.raise_thresholds(thresholds);
    }
  }

  RankedLists finish() {
    part_.advance(search_.items.part.count());
    return lists();
  }
  [[nodiscard]] SearchCounts counts() const {
    SearchCounts counts = counts_;
    return counts += part_.counts();
  }

 private:
  [[nodiscard]] SearchOptions options() const {
    SearchOptions options;
    options.threads = search_.threads;
    return options;
  }
  /// Of head and part so far.
  [[nodiscard]] RankedLists lists() const {
    if (head_.size() == 0) return part_.lists();
    return queries_.takes.empty() ? merge_top_k(head_, part_.lists(), k_)
                                  : merge_top_k(head_, part_.lists(), std::span(queries_.takes));
  }

  const Communicator& comm_;
  const ShardedSearch& search_;
  const Queries& queries_;
  std::size_t k_;
  IndexSearch part_;
  RankedLists head_;  // one a query, empty for those of other ranks; none where there is no head
  SearchCounts counts_;
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
  RankSearch own(comm, search, queries, k);
  if (search.items.head.count() > 0) own.search_head();
  if (comm.size() > 1 && search.items.dealt > 0) own.search_part();
  RankedLists lists = own.finish();
  if (counts != nullptr) *counts += own.counts();
  return lists;
}

RankedLists sharded_top_k(const Communicator& comm, const ShardedSearch& search, const Queries& queries, std::size_t k,
                          SearchCounts* counts) {
  return merge(comm, search_own(comm, search, queries, k, counts), queries, k);
}

}  // namespace alsace::mpi
