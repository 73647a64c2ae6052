#include "src/data/id_dictionary.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <functional>
#include <utility>

#include "src/error.hpp"

namespace alsace {
namespace {

std::uint64_t key_of(std::string_view id) {
  std::uint64_t key = 0;
  if (id.size() > sizeof(key)) return std::hash<std::string_view>()(id);
  std::memcpy(&key, id.data(), id.size());
  return key;
}

/// The upper bits of a product depend on all bits of the key (Knuth, The Art of Computer Programming 3, 6.4); twice,
/// with the halves folded between, because ids of digits differ in few bits of each byte.
std::uint64_t spread(std::uint64_t key) {
  constexpr std::uint64_t golden_ratio = 0x9e3779b97f4a7c15U;
  key *= golden_ratio;
  return (key ^ key >> 32U) * golden_ratio;
}

}  // namespace

/// The slot that holds `id`, or the empty one where it belongs.
std::size_t IdDictionary::slot_of(std::string_view id, std::uint64_t key) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = spread(key) >> static_cast<unsigned>(shift_);
  for (;; at = (at + 1) & mask) {
    const Slot& slot = slots_[at];
    if (slot.number == empty_slot) return at;
    if (slot.key != key || slot.length != id.size()) continue;
    if (id.size() <= sizeof(key) || ids_[slot.number] == id) return at;
  }
}

void IdDictionary::grow() {
  std::vector<Slot> old = std::exchange(slots_, {});
  slots_.resize(std::max<std::size_t>(1024, old.size() * 2));
  shift_ = 64 - std::countr_zero(slots_.size());
  const std::size_t mask = slots_.size() - 1;
  for (const Slot& slot : old) {
    if (slot.number == empty_slot) continue;
    std::size_t at = spread(slot.key) >> static_cast<unsigned>(shift_);
    while (slots_[at].number != empty_slot) at = (at + 1) & mask;
    slots_[at] = slot;
  }
}

std::uint32_t IdDictionary::number_of(std::string_view id) {
  if (2 * (ids_.size() + 1) > slots_.size()) grow();
  const std::uint64_t key = key_of(id);
  Slot& slot = slots_[slot_of(id, key)];
  if (slot.number == empty_slot) {
    if (ids_.size() >= empty_slot) throw input_error("ids = more than 4294967294, expected fewer");
    slot = {key, static_cast<std::uint32_t>(id.size()), static_cast<std::uint32_t>(ids_.size())};
    ids_.push_back(id);
  }
  return slot.number;
}

}  // namespace alsace
