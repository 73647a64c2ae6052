#pragma once

#include <cstddef>
#include <string_view>

#include "src/data/id_list.hpp"

namespace alsace {

inline constexpr std::size_t max_id_bytes = 512;

/// What an id has to be, for messages.
inline constexpr std::string_view id_rule = "valid UTF-8 of 1 to 512 bytes without control characters";

/// True for valid UTF-8 (no overlong forms, no surrogates) of 1 to 512 bytes without NUL and control characters
/// (U+0000–001F, U+007F–009F).
bool is_valid_id(std::string_view id);

/// True when `id` is one or more of 0…9.
bool is_digits(std::string_view id);

/// True when all ids are; so for an empty list.
bool all_digits(const IdList& ids);

/// Index order. `numeric`, for lists whose ids are all digits: by value, whatever the length, then by bytes (`07`
/// before `7`); else by bytes.
struct IdOrder {
  bool numeric = false;

  /// Negative, 0 or positive, as memcmp.
  [[nodiscard]] int compare(std::string_view a, std::string_view b) const;
  [[nodiscard]] bool operator()(std::string_view a, std::string_view b) const { return compare(a, b) < 0; }
};

/// The first position in `ids`, which are in `order`, whose id is not before `id`; ids.size() when there is none.
std::size_t lower_bound(const IdList& ids, std::string_view id, const IdOrder& order);

}  // namespace alsace
