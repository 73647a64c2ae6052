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

/// The id itself, zero-padded, the first byte in the lowest bits, up to 8 bytes; else its hash. Pieces that
/// meet or overlap take no loop over its length.
std::uint64_t key_of(std::string_view id) {
  const std::size_t size = id.size();
  if (size > sizeof(std::uint64_t)) return std::hash<std::string_view>()(id);
  if (size >= 4) return four_bytes(id.data()) | four_bytes(id.data() + size - 4) << 8 * (size - 4);
  if (size == 0) return 0;
  const std::size_t middle = size / 2;
  return byte_at(id.data(), 0) | byte_at(id.data(), middle) << 8 * middle |
         byte_at(id.data(), size - 1) << 8 * (size - 1);
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
  const std::uint64_t key = key_of(id);
  const std::uint64_t value = decimal_value(id, key);
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
