#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "src/kernels/kernel_table.hpp"
#include "src/ranking/item_index.hpp"
#include "src/ranking/scorer.hpp"
#include "src/ranking/top_k.hpp"

/// Exact top-K search in an ItemIndex: the lists that top_k_of_block gives for the same items, bit for bit, at the
/// speed of a scan of int8. fp32 rows are read only for items that the bound lets through; filters are asked after
/// both. Items come in the order of what they can score at most, and a query is done when no item that is left can
/// reach its threshold.
namespace alsace {

/// What a search did, in pairs of a query and an item.
struct SearchCounts {
  std::uint64_t scanned = 0;    ///< tested by codes
  std::uint64_t survivors = 0;  ///< that the scan let through
  std::uint64_t rescored = 0;   ///< whose fp32 rows were read, those that began a list included
  SearchCounts& operator+=(const SearchCounts& other);
};

/// How a search runs; the lists do not depend on it.
struct SearchOptions {
  int threads = 1;
  bool prune = true;  ///< false: every query scans every item, to measure that
  /// A thread is woken only for as many products of a full scan, which take a few hundred microseconds.
  std::size_t products_a_thread = 30'000'000;
};

/// One search of a batch of queries, which can be stopped anywhere on its way to learn from others: ranks that hold
/// parts of the items advance a little, tell each other how good their lists are so far, raise the thresholds to what
/// the k-th best of all has, and go on. A threshold says that items that score less are not wanted; those that score
/// as much are.
class IndexSearch {
 public:
  static constexpr float no_threshold = -std::numeric_limits<float>::infinity();

  /// The index and the queries must outlive it. `k` and what the queries may be answered with are as in top_k_of_block.
  IndexSearch(const KernelTable& kernels, const ItemIndex& index, const Queries& queries, std::size_t k,
              const SearchOptions& options);
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
  /// Searches the rest.
  RankedLists finish();

  [[nodiscard]] SearchCounts counts() const;

 private:
  class Worker;
  struct Shared;

  std::unique_ptr<Shared> shared_;
  std::vector<Worker> workers_;
};

/// The whole search at once. `thresholds`: empty, or one a query as in raise_thresholds.
RankedLists top_k_of_index(const KernelTable& kernels, const ItemIndex& index, const Queries& queries, std::size_t k,
                           const SearchOptions& options, std::span<const float> thresholds = {});

}  // namespace alsace
