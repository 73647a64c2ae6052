#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "src/data/id_list.hpp"

namespace alsace {

/// Ids in index order, found by their text: binary search, no table beside the list.
class SortedIds {
 public:
  SortedIds() = default;
  /// `ids`: strictly ascending in one of the two index orders (see IdOrder); finds out which. A part of a longer list
  /// may be in order both ways, and is then searched alike. ALSACE_CHECKs the order. O(total bytes).
  explicit SortedIds(IdList ids);

  [[nodiscard]] std::optional<std::uint32_t> find(std::string_view id) const;
  [[nodiscard]] const IdList& list() const { return ids_; }
  [[nodiscard]] std::size_t size() const { return ids_.size(); }
  [[nodiscard]] std::string_view operator[](std::size_t i) const { return ids_[i]; }

 private:
  IdList ids_;
  bool numeric_ = false;
};

}  // namespace alsace
