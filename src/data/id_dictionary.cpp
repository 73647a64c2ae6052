#include "src/data/id_dictionary.hpp"

#include <algorithm>
#include <functional>

#include "src/error.hpp"

namespace alsace {

/// The slot that holds `id`, or the empty one where it belongs.
std::size_t IdDictionary::slot_of(std::string_view id) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = std::hash<std::string_view>()(id) & mask;
  while (slots_[slot] != empty_slot && ids_[slots_[slot]] != id) slot = (slot + 1) & mask;
  return slot;
}

void IdDictionary::grow() {
  slots_.assign(std::max<std::size_t>(1024, slots_.size() * 2), empty_slot);
  for (std::size_t i = 0; i < ids_.size(); ++i) slots_[slot_of(ids_[i])] = static_cast<std::uint32_t>(i);
}

std::uint32_t IdDictionary::number_of(std::string_view id) {
  if (2 * (ids_.size() + 1) > slots_.size()) grow();
  const std::size_t slot = slot_of(id);
  if (slots_[slot] == empty_slot) {
    if (ids_.size() >= empty_slot) throw input_error("ids = more than 4294967294, expected fewer");
    slots_[slot] = static_cast<std::uint32_t>(ids_.size());
    ids_.push_back(id);
  }
  return slots_[slot];
}

}  // namespace alsace
