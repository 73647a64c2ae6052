#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace alsace {

/// Strictly ascending global item indices, shared by the queries that use them.
using ItemSet = std::shared_ptr<const std::vector<std::uint32_t>>;

/// One condition on an item: it has at least one of these values of the attribute.
struct FilterTerm {
  std::string attribute;
  std::vector<std::string> values;
  friend bool operator==(const FilterTerm&, const FilterTerm&) = default;
};

/// Which items of a range have which values: a list of items a value.
class ItemAttributes {
 public:
  /// Notes that `item` has this value. Items of one value may come in any order; seal() follows the last.
  void add(std::string_view attribute, std::string_view value, std::uint32_t item);
  /// Sorts the lists and drops what came twice.
  void seal();

  /// The items that fulfil every term and, when `allow` is given, are in it; null, which means all items, without any
  /// condition. A value or an attribute that no item has gives no items. A single value shares its list: no copy.
  [[nodiscard]] ItemSet items_with(const std::vector<FilterTerm>& terms, const ItemSet& allow) const;

 private:
  using Values = std::map<std::string, std::shared_ptr<std::vector<std::uint32_t>>, std::less<>>;

  /// The items that fulfil one term; never null.
  [[nodiscard]] ItemSet items_with(const FilterTerm& term) const;

  std::map<std::string, Values, std::less<>> attributes_;
};

}  // namespace alsace
