#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "src/data/id_list.hpp"

namespace alsace {

/// Numbers ids in the order in which they first appear: id text → 0, 1, 2, …. About 16 bytes an id beside its text.
class IdDictionary {
 public:
  /// The number of `id`, a new one if it has none yet. Amortized O(length of the id). Throws ErrorKind::input beyond
  /// 2^32 − 2 ids.
  std::uint32_t number_of(std::string_view id);

  [[nodiscard]] const IdList& ids() const { return ids_; }
  [[nodiscard]] std::size_t size() const { return ids_.size(); }

 private:
  void grow();
  [[nodiscard]] std::size_t slot_of(std::string_view id) const;

  static constexpr std::uint32_t empty_slot = 0xffffffffU;
  IdList ids_;
  std::vector<std::uint32_t> slots_;  // open addressing; a power of two, at most half full
};

}  // namespace alsace
