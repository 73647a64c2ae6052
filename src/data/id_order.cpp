#include "src/data/id_order.hpp"

#include <algorithm>
#include <cstdint>

namespace alsace {
namespace {

std::string_view without_leading_zeros(std::string_view digits) {
  return digits.substr(std::min(digits.find_first_not_of('0'), digits.size()));
}

/// Bytes of the UTF-8 sequence that a byte begins; 0 for a byte that begins none.
std::size_t sequence_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return 2;
  if (lead >= 0xe0 && lead <= 0xef) return 3;
  if (lead >= 0xf0 && lead <= 0xf4) return 4;
  return 0;
}

/// Smallest code point that needs so many bytes.
constexpr std::uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};

}  // namespace

bool is_valid_id(std::string_view id) {
  if (id.empty() || id.size() > max_id_bytes) return false;
  const auto is_plain = [](char c) { return c >= 0x20 && c < 0x7f; };
  if (std::all_of(id.begin(), id.end(), is_plain)) return true;
  for (std::size_t at = 0; at < id.size();) {
    const auto lead = static_cast<unsigned char>(id[at]);
    const std::size_t length = sequence_length(lead);
    if (length == 0 || at + length > id.size()) return false;
    std::uint32_t code = length == 1 ? lead : lead & (0x7fU >> length);
    for (std::size_t i = 1; i < length; ++i) {
      const auto next = static_cast<unsigned char>(id[at + i]);
      if ((next & 0xc0U) != 0x80U) return false;
      code = code << 6U | (next & 0x3fU);
    }
    const bool surrogate = code >= 0xd800 && code <= 0xdfff;
    const bool control = code < 0x20 || (code >= 0x7f && code <= 0x9f);
    if (code < smallest[length] || code > 0x10ffff || surrogate || control) return false;
    at += length;
  }
  return true;
}

bool is_digits(std::string_view id) {
  return !id.empty() && std::all_of(id.begin(), id.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool all_digits(const IdList& ids) {
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (!is_digits(ids[i])) return false;
  }
  return true;
}

int IdOrder::compare(std::string_view a, std::string_view b) const {
  if (numeric) {
    const std::string_view digits_a = without_leading_zeros(a);
    const std::string_view digits_b = without_leading_zeros(b);
    if (digits_a.size() != digits_b.size()) return digits_a.size() < digits_b.size() ? -1 : 1;
    if (const int order = digits_a.compare(digits_b); order != 0) return order;
  }
  return a.compare(b);
}

std::size_t lower_bound(const IdList& ids, std::string_view id, const IdOrder& order) {
  std::size_t begin = 0;
  std::size_t end = ids.size();
  while (begin < end) {
    const std::size_t middle = begin + (end - begin) / 2;
    if (order(ids[middle], id)) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  return begin;
}

}  // namespace alsace
