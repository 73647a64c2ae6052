#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "src/kernels/kernel_table.hpp"
#include "src/ranking/item_index.hpp"
#include "src/ranking/scorer.hpp"
#include "src/ranking/search_state.hpp"
#include "src/ranking/search_worker.hpp"
#include "src/ranking/top_k.hpp"

/// Exact top-K search in an ItemIndex: the lists that top_k_of_block gives for the same items, bit for bit, at the
/// speed of a scan of int8. fp32 rows are read only for items that the bound lets through; filters are asked after
/// both. Items come in the order of what they can score at most, and a query is done when no item that is left can
/// reach its threshold.
namespace alsace {

/// One search of a batch of queries, which can be stopped anywhere on its way to learn from others: ranks that hold
/// parts of the items advance a little, tell each other how good their lists are so far, raise the thresholds to what
/// the k-th best of all has, and go on. A threshold says that items that score less are not wanted; those that score
/// as much are.
class IndexSearch {
 public:
  /// The index and the queries must outlive it. `k` and what the queries may be answered with are as in top_k_of_block.
  /// `thresholds`: empty, or one a query as in raise_thresholds; a query that no item can reach then costs K products.
  IndexSearch(const KernelTable& kernels, const ItemIndex& index, const Queries& queries, std::size_t k,
              const SearchOptions& options, std::span<const float> thresholds = {});
  ~IndexSearch();
  IndexSearch(const IndexSearch&) = delete;
  IndexSearch& operator=(const IndexSearch&) = delete;

  /// One score a query that its list need not go below; lower ones than it has change nothing.
  void raise_thresholds(std::span<const float> thresholds);
  /// Searches the chunks that begin before this position.
  void advance(std::size_t position);
  /// The lists so far: the best of what was searched, in order, but nothing below the thresholds that were given. Any
  /// k-th score in them, or in a merge of several parts' lists, is a threshold for all parts.
  [[nodiscard]] RankedLists lists() const;
  /// Queries whose lists an item that is left may still enter, but for those that have their allow lists scored one by
  /// one.
  [[nodiscard]] std::size_t unfinished() const;
  /// Searches the rest.
  RankedLists finish();

  [[nodiscard]] SearchCounts counts() const;

 private:
  /// The first chunk that does not begin before this position.
  [[nodiscard]] std::size_t chunk_at(std::size_t position) const;
  /// Every thread searches all chunks before `end` for its own queries.
  void search_by_queries(std::size_t end);
  /// Every thread takes the next chunk, for all queries that are not done.
  void search_by_items(std::size_t end);
  /// Gives every thread all queries that are not done.
  void begin_sharing();

  std::unique_ptr<SearchState> state_;
  int threads_ = 1;
  std::vector<SearchWorker> owners_;   // a query has one
  std::size_t shared_from_ = 0;        // the chunk from which threads share items; that behind the last if they do not
  std::vector<SearchWorker> sharers_;  // none before that chunk
};

/// The whole search at once. `thresholds`: empty, or one a query as in raise_thresholds.
RankedLists top_k_of_index(const KernelTable& kernels, const ItemIndex& index, const Queries& queries, std::size_t k,
                           const SearchOptions& options, std::span<const float> thresholds = {});

}  // namespace alsace
