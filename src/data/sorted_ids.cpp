#include "src/data/sorted_ids.hpp"

#include <utility>

#include <fmt/format.h>

#include "src/data/id_order.hpp"
#include "src/error.hpp"

namespace alsace {
namespace {

/// The first position whose id does not come after the one before it; ids.size() when there is none.
std::size_t first_out_of_order(const IdList& ids, const IdOrder& order) {
  for (std::size_t i = 1; i < ids.size(); ++i) {
    if (!order(ids[i - 1], ids[i])) return i;
  }
  return ids.size();
}

}  // namespace

SortedIds::SortedIds(IdList ids) : ids_(std::move(ids)) {
  if (first_out_of_order(ids_, {.numeric = false}) == ids_.size()) return;
  // By value, `9` stands before `10`, which is no order of bytes.
  numeric_ = all_digits(ids_);
  const std::size_t wrong = first_out_of_order(ids_, {.numeric = numeric_});
  ALSACE_CHECK(wrong == ids_.size(), fmt::format("ids[{}] = {} after {}", wrong, ids_[wrong], ids_[wrong - 1]));
}

std::optional<std::uint32_t> SortedIds::find(std::string_view id) const {
  // Either order is total over all texts, so that any id may be asked for, digits or not.
  const std::size_t found = lower_bound(ids_, id, {.numeric = numeric_});
  if (found == ids_.size() || ids_[found] != id) return std::nullopt;
  return static_cast<std::uint32_t>(found);
}

}  // namespace alsace
