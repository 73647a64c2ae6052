#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "src/data/id_list.hpp"

namespace alsace {

/// Numbers ids in the order in which they first appear: id text → 0, 1, 2, …. 56 to 136 bytes an id beside its text. A
/// known id of up to 16 bytes costs one cache line: the table itself has its text. Decimals that are not far apart, as
/// most ids are, are found by their value in a table of 4 bytes for each, which the caches hold the most of.
class IdDictionary {
 public:
  /// The number of `id`, a new one if it has none yet. Amortized O(length of the id). Throws ErrorKind::input beyond
  /// 2^32 − 2 ids.
  std::uint32_t number_of(std::string_view id);

  [[nodiscard]] const IdList& ids() const { return ids_; }
  [[nodiscard]] std::size_t size() const { return ids_.size(); }

 private:
  static constexpr std::uint32_t empty_slot = 0xffffffffU;
  /// With its length, an id of up to 16 bytes itself: its first eight, zero-padded, and the last eight of a longer one.
  /// Of more than 16 bytes a hash.
  struct Key {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct Slot {
    Key key;
    std::uint32_t length = 0;  ///< of the id
    std::uint32_t number = empty_slot;
  };

  void grow();
  static Key key_of(std::string_view id);
  [[nodiscard]] std::size_t home_of(const Key& key) const;
  [[nodiscard]] std::size_t slot_of(std::string_view id, const Key& key) const;

  IdList ids_;
  std::vector<Slot> slots_;  // open addressing; a power of two, at most half full
  int shift_ = 64;           // 64 - log2(slots_.size())

  static constexpr std::uint64_t dense = 4;
  std::vector<std::uint32_t> by_value_;  // numbers of ids that are decimals below dense · size(), met since they were
};

}  // namespace alsace
