#include "src/ranking/top_k.hpp"

#include <algorithm>
#include <utility>

#include "src/error.hpp"

namespace alsace {

void TopK::take(ScoredItem candidate) {
  if (heap_.size() == k_) {
    std::pop_heap(heap_.begin(), heap_.end(), ranks_before);
    heap_.back() = candidate;
  } else {
    heap_.push_back(candidate);
  }
  std::push_heap(heap_.begin(), heap_.end(), ranks_before);
}

std::vector<ScoredItem> TopK::sorted() const {
  std::vector<ScoredItem> list = heap_;
  std::sort(list.begin(), list.end(), ranks_before);
  return list;
}

std::vector<ScoredItem> TopK::finish() {
  std::vector<ScoredItem> list = sorted();
  heap_.clear();
  return list;
}

void RankedLists::push_back(std::span<const ScoredItem> list) {
  items.insert(items.end(), list.begin(), list.end());
  offsets.push_back(items.size());
}

namespace {

/// Appends the first k of both.
void merge_onto(std::vector<ScoredItem>& merged, std::span<const ScoredItem> a, std::span<const ScoredItem> b,
                std::size_t k) {
  const std::size_t end = merged.size() + std::min(k, a.size() + b.size());
  auto from_a = a.begin();
  auto from_b = b.begin();
  while (merged.size() < end) {
    const bool take_a = from_b == b.end() || (from_a != a.end() && ranks_before(*from_a, *from_b));
    merged.push_back(take_a ? *from_a++ : *from_b++);
  }
}

/// `length`: of a query's list.
template <class Length>
RankedLists merge_queries(const RankedLists& a, const RankedLists& b, const Length& length) {
  RankedLists merged;
  merged.offsets.reserve(a.offsets.size());
  merged.items.reserve(a.items.size() + b.items.size());
  for (std::size_t query = 0; query < a.size(); ++query) {
    merge_onto(merged.items, a[query], b[query], length(query));
    merged.offsets.push_back(merged.items.size());
  }
  return merged;
}

}  // namespace

std::vector<ScoredItem> merge_top_k(std::span<const ScoredItem> a, std::span<const ScoredItem> b, std::size_t k) {
  std::vector<ScoredItem> merged;
  merged.reserve(std::min(k, a.size() + b.size()));
  merge_onto(merged, a, b, k);
  return merged;
}

RankedLists merge_top_k(const RankedLists& a, const RankedLists& b, std::size_t k) {
  ALSACE_CHECK(a.size() == b.size(), "both sides answer the same queries");
  return merge_queries(a, b, [k](std::size_t) { return k; });
}

RankedLists merge_top_k(const RankedLists& a, const RankedLists& b, std::span<const std::uint32_t> takes) {
  ALSACE_CHECK(a.size() == takes.size() && b.size() == takes.size(), "both sides answer the same queries");
  return merge_queries(a, b, [&](std::size_t query) { return std::size_t{takes[query]}; });
}

}  // namespace alsace
