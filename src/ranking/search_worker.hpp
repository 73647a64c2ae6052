#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "src/aligned_array.hpp"
#include "src/ranking/search_state.hpp"

namespace alsace {

/// One thread's share: all items for some of the queries, or some of the items for all queries. Takes all its memory
/// when it is made: nothing else can throw. A query is one of four: it gives every item the same score, so that the
/// first by id are the best; it has a short allow list, whose items are scored one by one; it has no threshold yet, so
/// that every item is scored; or it scans.
class SearchWorker {
 public:
  SearchWorker(SearchState& state, std::span<const std::size_t> queries);

  /// Answers the queries of one score and those of short allow lists, once.
  void answer_at_once();
  /// Whether no query wants more chunks.
  [[nodiscard]] bool idle() const { return filling_.empty() && scanning_.empty(); }
  /// Searches one chunk for all other queries.
  void search(const ItemIndex::Chunk& chunk);

  /// Appends the queries that may want the chunk, or others behind it.
  void add_unfinished(const ItemIndex::Chunk& chunk, std::vector<std::size_t>& queries) const;
  [[nodiscard]] const SearchCounts& counts() const { return counts_; }

 private:
  void take_by_id(std::size_t query);
  /// The allowed items of a query from a position on.
  void score_allowed_from(std::size_t query, std::size_t begin);
  /// Lets the queries scan that have a threshold by now, and ends those that allow too few of the items in front.
  void begin_scanning(const ItemIndex::Chunk& chunk);
  /// Drops those that are done.
  void drop_done(const ItemIndex::Chunk& chunk);
  /// Scores consecutive positions.
  void score_directly(std::size_t query, std::size_t begin, std::size_t end);
  /// Offers the query's list items with these inner products; `position(j)`: of the j-th.
  template <class Position>
  void offer(std::size_t query, std::size_t count, const float* inner_products, const Position& position);

  /// The kernels for as many queries as scan.
  [[nodiscard]] const ScanKernels& kernels() const;
  /// `steps`: how many of each query's codes scans are to see, in fours.
  void pack(std::size_t steps);
  void scan(const ItemIndex::Chunk& chunk);
  /// `first`: of the tile, in scanning_.
  void scan_tile(const ScanKernels& scan, const ScanItems& items, const ItemIndex::Chunk& chunk, std::size_t first,
                 const std::int8_t* packed);
  /// Puts survivors query by query into by_query_, those of query j from ends_[j] to ends_[j + 1].
  void sort_by_query(std::size_t survivors, std::size_t queries);
  /// Scores one query's survivors exactly, a few at a time, with a threshold that rises meanwhile.
  void rescore(std::size_t query, const ScanItems& items, const ItemIndex::Chunk& chunk,
               std::span<const Survivor> survivors);

  /// What ScanQueries points to.
  struct Tile {
    std::int32_t shifts[most_scan_queries] = {};
    float levels[most_scan_queries] = {};
    float norms[most_scan_queries] = {};
    float rests[most_scan_queries] = {};
    float tails[most_scan_queries] = {};
    float bias_weights[most_scan_queries] = {};
  };

  SearchState* state_;
  std::vector<std::size_t> even_;
  std::vector<std::size_t> direct_;
  std::vector<std::size_t> filling_;   // no threshold yet
  std::vector<std::size_t> scanning_;  // those of a tile side by side
  std::size_t principal_from_;         // the position from which principal parts are scanned
  std::size_t packed_steps_ = 0;       // 0: of other queries
  std::unique_ptr<AlignedArray<std::int8_t>> packed_;
  Tile tile_;
  std::size_t ends_[most_scan_queries + 1] = {};
  std::unique_ptr<Survivor[]> survivors_;
  std::unique_ptr<Survivor[]> by_query_;
  std::unique_ptr<float[]> scores_;
  SearchCounts counts_;
};

}  // namespace alsace
