#include "src/data/id_dictionary.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <functional>
#include <utility>

#include "src/error.hpp"

namespace alsace {
namespace {

constexpr std::uint64_t no_value = ~std::uint64_t{0};

std::uint64_t byte_at(const char* bytes, std::size_t i) {
  return static_cast<unsigned char>(bytes[i]);
}

/// One load, as compilers see it.
std::uint64_t four_bytes(const char* bytes) {
  return byte_at(bytes, 0) | byte_at(bytes, 1) << 8U | byte_at(bytes, 2) << 16U | byte_at(bytes, 3) << 24U;
}

std::uint64_t eight_bytes(const char* bytes) {
  return four_bytes(bytes) | four_bytes(bytes + 4) << 32U;
}

/// The value of up to 8 digits as they are usually written, without a leading zero; else no_value. `key` is theirs.
std::uint64_t decimal_value(std::string_view id, std::uint64_t key) {
  constexpr std::uint64_t every_byte = 0x0101010101010101U;
  if (id.size() > sizeof(key) || id.empty() || (id[0] == '0' && id.size() > 1)) return no_value;
  const std::size_t missing = 8 * (sizeof(key) - id.size());
  if (missing > 0) key = key << missing | '0' * every_byte >> (64 - missing);  // leading zeros
  // Of '0' to '9' alone, the upper four bits are 3 before and after adding 6.
  constexpr std::uint64_t high_halves = 0xf0 * every_byte;
  if ((key & high_halves) != '0' * every_byte) return no_value;
  if (((key + 6 * every_byte) & high_halves) != '0' * every_byte) return no_value;
  // Twos, fours, and all eight, side by side (Lemire, Quickly parsing eight digits, 2018).
  key -= '0' * every_byte;
  key = key * 10 + (key >> 8U);
  constexpr std::uint64_t two_digits = 0x000000ff000000ffU;
  key = (key & two_digits) * (100 + (1000000ULL << 32U)) + (key >> 16U & two_digits) * (1 + (10000ULL << 32U));
  return key >> 32U;
}

}  // namespace

/// Pieces that meet or overlap, so that there is no loop over the length of an id.
IdDictionary::Key IdDictionary::key_of(std::string_view id) {
  const std::size_t size = id.size();
  const char* bytes = id.data();
  if (size > 2 * sizeof(std::uint64_t)) return {std::hash<std::string_view>()(id), 0};
  if (size > 8) return {eight_bytes(bytes), eight_bytes(bytes + size - 8)};
  if (size >= 4) return {four_bytes(bytes) | four_bytes(bytes + size - 4) << 8 * (size - 4), 0};
  if (size == 0) return {};
  const std::size_t middle = size / 2;
  return {byte_at(bytes, 0) | byte_at(bytes, middle) << 8 * middle | byte_at(bytes, size - 1) << 8 * (size - 1), 0};
}

/// The upper bits of a product depend on all bits of a factor (Knuth, The Art of Computer Programming 3, 6.4); twice,
/// with the halves folded between, because ids of digits differ in few bits of each byte.
std::size_t IdDictionary::home_of(const Key& key) const {
  constexpr std::uint64_t golden_ratio = 0x9e3779b97f4a7c15U;
  std::uint64_t mixed = key.first * golden_ratio;
  mixed = ((mixed ^ mixed >> 32U) + key.last) * golden_ratio;
  return mixed >> static_cast<unsigned>(shift_);
}

/// The slot that holds `id`, or the empty one where it belongs.
std::size_t IdDictionary::slot_of(std::string_view id, const Key& key) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = home_of(key);
  for (;; at = (at + 1) & mask) {
    const Slot& slot = slots_[at];
    if (slot.number == empty_slot) return at;
    if (slot.key != key || slot.length != id.size()) continue;
    if (id.size() <= sizeof(Key) || ids_[slot.number] == id) return at;
  }
}

void IdDictionary::grow() {
  std::vector<Slot> old = std::exchange(slots_, {});
  slots_.resize(std::max<std::size_t>(1024, old.size() * 2));
  shift_ = 64 - std::countr_zero(slots_.size());
  const std::size_t mask = slots_.size() - 1;
  for (const Slot& slot : old) {
    if (slot.number == empty_slot) continue;
    std::size_t at = home_of(slot.key);
    while (slots_[at].number != empty_slot) at = (at + 1) & mask;
    slots_[at] = slot;
  }
}

std::uint32_t IdDictionary::number_of(std::string_view id) {
  const Key key = key_of(id);
  const std::uint64_t value = decimal_value(id, key.first);
  if (value < by_value_.size() && by_value_[value] != empty_slot) return by_value_[value];

  if (2 * (ids_.size() + 1) > slots_.size()) grow();
  Slot& slot = slots_[slot_of(id, key)];
  if (slot.number == empty_slot) {
    if (ids_.size() >= empty_slot) throw input_error("ids = more than 4294967294, expected fewer");
    slot = {key, static_cast<std::uint32_t>(id.size()), static_cast<std::uint32_t>(ids_.size())};
    ids_.push_back(id);
  }
  if (value < dense * ids_.size()) {
    if (value >= by_value_.size()) by_value_.resize(std::bit_ceil(value + 1), empty_slot);
    by_value_[value] = slot.number;
  }
  return slot.number;
}

}  // namespace alsace
