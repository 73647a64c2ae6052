#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include <omp.h>

#include "src/kernels/kernel_table.hpp"
#include "src/kernels/scan_kernels.hpp"
#include "src/ranking/filtered_list.hpp"
#include "src/ranking/item_index.hpp"
#include "src/ranking/quantization.hpp"
#include "src/ranking/scorer.hpp"

namespace alsace {

/// What a search did, in pairs of a query and an item.
struct SearchCounts {
  std::uint64_t scanned = 0;    ///< tested by codes
  std::uint64_t survivors = 0;  ///< that the scan let through
  std::uint64_t rescored = 0;   ///< whose fp32 rows were read, those that began a list included
  SearchCounts& operator+=(const SearchCounts& other) {
    scanned += other.scanned;
    survivors += other.survivors;
    rescored += other.rescored;
    return *this;
  }
};

/// How a search runs; the lists do not depend on it.
struct SearchOptions {
  int threads = 1;
  bool prune = true;  ///< false: every query scans every item, to measure that
  /// A thread is woken only for as many products of a full scan, which take a few hundred microseconds.
  std::size_t products_a_thread = 30'000'000;
};

/// Below every score: nothing is known yet.
inline constexpr float no_threshold = -std::numeric_limits<float>::infinity();

/// What all workers read, and the thresholds, which they raise for each other.
struct SearchState {
  const KernelTable& kernels;
  const ScanKernels& many;  ///< for whole tiles
  const ScanKernels& few;   ///< for up to few.queries
  const ItemIndex& index;
  const Queries& queries;
  std::size_t k;
  SearchOptions options;
  bool biased;                     ///< scores have offsets
  bool scan_biased;                ///< and items biases that differ
  std::size_t stride;              ///< bytes of a query's codes
  std::vector<std::int8_t> codes;  ///< count × stride
  std::vector<QuantizedQuery> quantized;
  std::vector<float> thresholds;  ///< read and raised by all threads
  std::vector<float> given;       ///< the thresholds that came from outside
  /// Queries that are done with all items, of which no chunk has to tell: none is set while threads share items.
  /// Nothing is known of those that were done from the beginning.
  std::vector<std::uint8_t> answered;
  std::vector<FilteredList> lists;  ///< one a query, of length 0 where it is answered from the beginning
  std::atomic<std::size_t> next_chunk = 0;

  /// Items after which a query that still has no threshold scores the rest of its allow list one by one: what it allows
  /// may be all at the end.
  static constexpr std::size_t most_filled = 4096;
  /// Threads may share what is behind so many items; in front of it each has queries of its own, whose lists fill and
  /// of which many end there.
  static constexpr std::size_t shared_from = 16384;
  static_assert(most_filled < shared_from);

  SearchState(const KernelTable& with, const ItemIndex& in, const Queries& asked, std::size_t length,
              const SearchOptions& how, std::span<const float> from_outside);

  /// Keeps other threads from a query's list while it lives. Costs no system call where nobody waits.
  class Lock {
   public:
    Lock(SearchState& state, std::size_t query) : lock_(state.locks_[query].lock) { omp_set_lock(&lock_); }
    ~Lock() { omp_unset_lock(&lock_); }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

   private:
    omp_lock_t& lock_;
  };

  [[nodiscard]] std::size_t width() const { return static_cast<std::size_t>(index.factors()); }
  [[nodiscard]] const float* row(std::size_t query) const { return queries.rows.data() + query * width(); }

  [[nodiscard]] float threshold(std::size_t query) {
    return std::atomic_ref(thresholds[query]).load(std::memory_order_relaxed);
  }
  void raise(std::size_t query, float to) {
    const std::atomic_ref shared(thresholds[query]);
    float now = shared.load(std::memory_order_relaxed);
    while (now < to && !shared.compare_exchange_weak(now, to, std::memory_order_relaxed)) {
    }
  }
  /// g' of src/ranking/quantization.hpp.
  [[nodiscard]] double least(std::size_t query, float threshold) const {
    return biased ? least_biased_inner_product(threshold, queries.offsets[query], index.factors())
                  : least_inner_product(threshold, index.factors());
  }
  [[nodiscard]] float score(float inner_product, std::size_t query, std::size_t position) const {
    return biased ? score_of(inner_product, index.bias(position), queries.offsets[query]) : inner_product;
  }
  /// Whether no item of the chunk or behind it reaches the query's threshold.
  [[nodiscard]] bool is_done(std::size_t query, const ItemIndex::Chunk& chunk);
  /// Whether a query of zeros meets items without biases.
  [[nodiscard]] bool gives_one_score(std::size_t query) const {
    return !index.has_biases() && std::all_of(row(query), row(query) + width(), [](float x) { return x == 0; });
  }
  /// Whether the items of an allow list are rather looked up one by one. Of a list of all items, an index of a part has
  /// a part only: so it is held against how far the ids reach.
  [[nodiscard]] bool is_short(std::span<const std::uint32_t> allowed) const {
    return allowed.size() * direct_cost <= index.id_range();
  }

 private:
  struct ListLock {
    ListLock() { omp_init_lock(&lock); }
    ~ListLock() { omp_destroy_lock(&lock); }
    ListLock(const ListLock&) = delete;
    ListLock& operator=(const ListLock&) = delete;
    omp_lock_t lock;
  };
  std::vector<ListLock> locks_;  // one a query

  /// `query_norm`: an upper bound.
  [[nodiscard]] bool is_done(std::size_t query, double query_norm, const ItemIndex::Chunk& chunk);

  /// An item that is looked up by its id and scored on its own costs as much as so many in a scan of the whole index.
  static constexpr std::size_t direct_cost = 32;
};

}  // namespace alsace
