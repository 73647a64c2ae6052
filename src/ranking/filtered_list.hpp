#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "src/ranking/scorer.hpp"
#include "src/ranking/top_k.hpp"

namespace alsace {

/// The best items of one query, of those that it allows and does not exclude. Takes its memory when it is made.
class FilteredList {
 public:
  /// `most`: the items there are.
  FilteredList(const Queries& queries, std::size_t query, std::size_t k, std::size_t most)
      : excluded_(queries.excluded(query)), best_(length_of(queries, query, k, most)) {
    length_ = length_of(queries, query, k, most);
    if (!queries.allowed.empty() && queries.allowed[query] != nullptr) {
      all_allowed_ = false;
      allowed_ = *queries.allowed[query];
    }
  }

  [[nodiscard]] std::size_t length() const { return length_; }
  [[nodiscard]] bool all_allowed() const { return all_allowed_; }
  /// Strictly ascending; meaningless where all are.
  [[nodiscard]] std::span<const std::uint32_t> allowed() const { return allowed_; }
  /// Whether there is a score below which no item is taken, and which.
  [[nodiscard]] bool full() const { return length_ > 0 && best_.full(); }
  [[nodiscard]] float last_score() const { return best_.last().score; }

  /// Takes the item if it ranks among the best so far. Filters come last, since few items get so far.
  void offer(ScoredItem candidate) {
    if (!best_.would_take(candidate)) return;
    if (std::binary_search(excluded_.begin(), excluded_.end(), candidate.item)) return;
    if (!all_allowed_ && !std::binary_search(allowed_.begin(), allowed_.end(), candidate.item)) return;
    best_.take(candidate);
  }

  /// The list so far, in order.
  [[nodiscard]] std::vector<ScoredItem> sorted() const { return best_.sorted(); }

 private:
  static std::size_t length_of(const Queries& queries, std::size_t query, std::size_t k, std::size_t most) {
    if (!queries.takes.empty()) k = std::min(k, static_cast<std::size_t>(queries.takes[query]));
    return std::min(k, most);
  }

  std::span<const std::uint32_t> excluded_;
  std::span<const std::uint32_t> allowed_;
  bool all_allowed_ = true;
  std::size_t length_ = 0;
  TopK best_;
};

}  // namespace alsace
