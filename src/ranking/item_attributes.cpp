#include "src/ranking/item_attributes.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace alsace {
namespace {

using Items = std::vector<std::uint32_t>;

ItemSet no_items() {
  return std::make_shared<const Items>();
}

ItemSet united(const Items& a, const Items& b) {
  Items both;
  both.reserve(a.size() + b.size());
  std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  return std::make_shared<const Items>(std::move(both));
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
  ItemSet any;
  for (const std::string& value : term.values) {
    const auto items = values->second.find(value);
    if (items == values->second.end() || items->second == any) continue;
    any = any == nullptr ? ItemSet(items->second) : united(*any, *items->second);
  }
  return any == nullptr ? no_items() : any;
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
