#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace alsace {

/// An item and its score; as it is, it travels between ranks.
struct ScoredItem {
  float score;
  std::uint32_t item;  ///< global index
  friend bool operator==(const ScoredItem&, const ScoredItem&) = default;
};
static_assert(sizeof(ScoredItem) == 8);

/// The order of every list: score descending, then item index ascending. Total, since no score is NaN and no item
/// occurs twice.
constexpr bool ranks_before(const ScoredItem& a, const ScoredItem& b) {
  return a.score > b.score || (a.score == b.score && a.item < b.item);
}

/// The first k of all offered items. Allocates in the constructor alone.
class TopK {
 public:
  explicit TopK(std::size_t k) : k_(k) { heap_.reserve(k); }

  /// Whether the item would enter the list: the cheap test that comes before any filter.
  [[nodiscard]] bool would_take(ScoredItem candidate) const {
    return heap_.size() < k_ || (k_ > 0 && ranks_before(candidate, heap_.front()));
  }
  /// Whether there are k items.
  [[nodiscard]] bool full() const { return heap_.size() == k_; }
  /// The one that ranks last; there must be one.
  [[nodiscard]] const ScoredItem& last() const { return heap_.front(); }
  /// Adds an item that would_take allowed. O(log k).
  void take(ScoredItem candidate);

  /// The list in order.
  [[nodiscard]] std::vector<ScoredItem> sorted() const;
  /// The same; the selection starts anew.
  std::vector<ScoredItem> finish();

 private:
  std::size_t k_;
  std::vector<ScoredItem> heap_;  // the one that ranks last is in front
};

/// The list of each of several queries, in one piece.
struct RankedLists {
  std::vector<std::uint64_t> offsets{0};
  std::vector<ScoredItem> items;

  [[nodiscard]] std::size_t size() const { return offsets.size() - 1; }
  [[nodiscard]] std::span<const ScoredItem> operator[](std::size_t query) const {
    return std::span(items).subspan(static_cast<std::size_t>(offsets[query]),
                                    static_cast<std::size_t>(offsets[query + 1] - offsets[query]));
  }
  void push_back(std::span<const ScoredItem> list);
  friend bool operator==(const RankedLists&, const RankedLists&) = default;
};

/// The first k of two ordered lists of different items. Associative and commutative.
std::vector<ScoredItem> merge_top_k(std::span<const ScoredItem> a, std::span<const ScoredItem> b, std::size_t k);

/// merge_top_k query by query; both hold the same queries.
RankedLists merge_top_k(const RankedLists& a, const RankedLists& b, std::size_t k);
/// With a length for each query.
RankedLists merge_top_k(const RankedLists& a, const RankedLists& b, std::span<const std::uint32_t> takes);

}  // namespace alsace
