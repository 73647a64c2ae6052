#include "src/ranking/item_attributes.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

namespace alsace {
namespace {

using Items = std::vector<std::uint32_t>;

ItemSet no_items() {
  return std::make_shared<const Items>();
}

/// One pass over all lists, by a mark for each item between the first and the last: however many values a term has.
ItemSet united(const std::vector<ItemSet>& lists) {
  std::uint32_t first = std::numeric_limits<std::uint32_t>::max();
  std::uint32_t last = 0;
  for (const ItemSet& list : lists) {
    first = std::min(first, list->front());
    last = std::max(last, list->back());
  }
  std::vector<bool> marked(last - first + std::size_t{1}, false);
  for (const ItemSet& list : lists) {
    for (const std::uint32_t item : *list) marked[item - first] = true;
  }
  Items any;
  for (std::size_t i = 0; i < marked.size(); ++i) {
    if (marked[i]) any.push_back(first + static_cast<std::uint32_t>(i));
  }
  return std::make_shared<const Items>(std::move(any));
}

ItemSet in_common(const Items& a, const Items& b) {
  Items common;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(common));
  return std::make_shared<const Items>(std::move(common));
}

}  // namespace

void ItemAttributes::add(std::string_view attribute, std::string_view value, std::uint32_t item) {
  auto values = attributes_.find(attribute);
  if (values == attributes_.end()) values = attributes_.emplace(attribute, Values()).first;
  auto items = values->second.find(value);
  if (items == values->second.end()) items = values->second.emplace(value, std::make_shared<Items>()).first;
  items->second->push_back(item);
}

void ItemAttributes::seal() {
  for (auto& [attribute, values] : attributes_) {
    for (auto& [value, items] : values) {
      std::sort(items->begin(), items->end());
      items->erase(std::unique(items->begin(), items->end()), items->end());
      items->shrink_to_fit();
    }
  }
}

ItemSet ItemAttributes::items_with(const FilterTerm& term) const {
  const auto values = attributes_.find(term.attribute);
  if (values == attributes_.end()) return no_items();
  std::vector<ItemSet> lists;
  for (const std::string& value : term.values) {
    const auto items = values->second.find(value);
    if (items == values->second.end()) continue;
    if (std::find(lists.begin(), lists.end(), items->second) == lists.end()) lists.emplace_back(items->second);
  }
  if (lists.empty()) return no_items();
  return lists.size() == 1 ? lists.front() : united(lists);
}

ItemSet ItemAttributes::items_with(const std::vector<FilterTerm>& terms, const ItemSet& allow) const {
  ItemSet all = allow;
  for (const FilterTerm& term : terms) {
    if (all != nullptr && all->empty()) break;
    const ItemSet fulfil = items_with(term);
    all = all == nullptr ? fulfil : in_common(*all, *fulfil);
  }
  return all;
}

}  // namespace alsace
