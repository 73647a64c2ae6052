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

std::vector<ScoredItem> TopK::finish() {
  std::sort(heap_.begin(), heap_.end(), ranks_before);
  std::vector<ScoredItem> list = heap_;
  heap_.clear();
  return list;
}

void RankedLists::push_back(std::span<const ScoredItem> list) {
  items.insert(items.end(), list.begin(), list.end());
  offsets.push_back(items.size());
}

std::vector<ScoredItem> merge_top_k(std::span<const ScoredItem> a, std::span<const ScoredItem> b, std::size_t k) {
  std::vector<ScoredItem> merged;
  merged.reserve(std::min(k, a.size() + b.size()));
  auto from_a = a.begin();
  auto from_b = b.begin();
  while (merged.size() < k && (from_a != a.end() || from_b != b.end())) {
    const bool take_a = from_b == b.end() || (from_a != a.end() && ranks_before(*from_a, *from_b));
    merged.push_back(take_a ? *from_a++ : *from_b++);
  }
  return merged;
}

RankedLists merge_top_k(const RankedLists& a, const RankedLists& b, std::size_t k) {
  ALSACE_CHECK(a.size() == b.size(), "both sides answer the same queries");
  RankedLists merged;
  for (std::size_t query = 0; query < a.size(); ++query) merged.push_back(merge_top_k(a[query], b[query], k));
  return merged;
}

RankedLists merge_top_k(const RankedLists& a, const RankedLists& b, std::span<const std::uint32_t> takes) {
  ALSACE_CHECK(a.size() == takes.size() && b.size() == takes.size(), "both sides answer the same queries");
  RankedLists merged;
  for (std::size_t query = 0; query < takes.size(); ++query)
    merged.push_back(merge_top_k(a[query], b[query], takes[query]));
  return merged;
}

}  // namespace alsace
