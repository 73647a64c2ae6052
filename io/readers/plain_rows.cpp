#include "io/readers/plain_rows.hpp"

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "io/readers/line_reader.hpp"
#include "src/data/id_order.hpp"

namespace alsace::io {
namespace {

constexpr std::uint64_t ones = 0x0101010101010101U;
constexpr std::uint64_t high_bits = 0x80U * ones;

/// Eight bytes of text, the first in the lowest bits.
std::uint64_t load(const char* from) {
  std::uint64_t bytes;
  std::memcpy(&bytes, from, sizeof(bytes));
  return std::endian::native == std::endian::little ? bytes : __builtin_bswap64(bytes);
}

/// The first byte from `at` on that is the separator or no printable ASCII. Reads up to 7 bytes beyond it. Of eight
/// bytes at once, borrows and carries touch no byte before the first that is looked for (Warren, Hacker's Delight,
/// 6-1).
const char* end_of_field(const char* at, const char* end, std::uint64_t separators) {
  for (; at < end; at += sizeof(std::uint64_t)) {
    const std::uint64_t text = load(at);
    const std::uint64_t differences = text ^ separators;
    const std::uint64_t separator = (differences - ones) & ~differences;
    const std::uint64_t control = (text - 0x20U * ones) & ~text;
    const std::uint64_t above = text | (text + ones);  // 0x7f and more
    const std::uint64_t found = (separator | control | above) & high_bits;
    if (found != 0) return at + std::countr_zero(found) / 8;
  }
  return end;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Adds up to `most` digits to `number`; behind them, or null when there are none or more.
const char* take_digits(const char* at, std::ptrdiff_t most, std::int64_t& number) {
  const char* begin = at;
  for (; is_digit(*at) && at - begin <= most; ++at) number = number * 10 + (*at - '0');
  return at == begin || at - begin > most ? nullptr : at;
}

/// A number of digits with at most one point, never at an end; null for any other. It is the double nearest to the
/// text, since the digits and the power of ten are doubles (Clinger, How to Read Floating Point Numbers Accurately).
const char* take_decimal(const char* at, double& number) {
  constexpr std::array<double, 8> tens{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7};
  constexpr std::ptrdiff_t most = tens.size() - 1;
  std::int64_t digits = 0;
  at = take_digits(at, most, digits);
  if (at == nullptr || *at != '.') {
    number = static_cast<double>(digits);
    return at;
  }
  const char* point = at;
  at = take_digits(point + 1, most, digits);
  if (at != nullptr) number = static_cast<double>(digits) / tens[static_cast<std::size_t>(at - point - 1)];
  return at;
}

}  // namespace

PlainRows::PlainRows(const Layout& layout) : separator_(layout.separator[0]) {
  const bool one_byte = layout.separator[1] == 0;
  const bool ordinary = separator_ >= 0x20 ? !is_digit(separator_) && separator_ != '.' : separator_ == '\t';
  if (!one_byte || !ordinary || !layout.has_quotes()) return;
  roles_.assign(static_cast<std::size_t>(layout.fields_needed()), Role::skipped);
  const auto set = [this](std::int32_t column, Role role) {
    if (column != Layout::none) roles_[static_cast<std::size_t>(column)] = role;
  };
  set(layout.user, Role::user);
  set(layout.item, Role::item);
  set(layout.value, Role::value);
  set(layout.timestamp, Role::timestamp);
}

/// Behind the field at `at`, which may be behind `end`, where the text goes on as it may; null to give the row up.
const char* PlainRows::take_field(const char* at, const char* end, Role role, ParsedRow& row) const {
  const char* begin = at;
  if (*at == '"') return nullptr;
  if (role == Role::skipped) {
    while (at < end && *at != separator_ && *at != '\n') ++at;
    return at;
  }
  if (role == Role::value) {
    double number = 0;
    at = take_decimal(begin, number);
    row.value = static_cast<float>(number);
    return at;
  }
  if (role == Role::timestamp) {
    row.timestamp = 0;
    return take_digits(begin, 18, row.timestamp);
  }
  at = end_of_field(begin, end, static_cast<unsigned char>(separator_) * ones);
  const auto length = static_cast<std::size_t>(at - begin);
  if (length == 0 || length > max_id_bytes) return nullptr;
  (role == Role::user ? row.user : row.item) = std::string_view(begin, length);
  return at;
}

std::size_t PlainRows::take(std::string_view text, ParsedRow& row) const {
  const char* at = text.data();
  const char* end = at + text.size();
  if (roles_.empty() || text.empty()) return 0;
  row.value = 1;
  row.timestamp = 0;
  for (std::size_t column = 0; column < roles_.size(); ++column) {
    if (column > 0 && *at++ != separator_) return 0;
    at = take_field(at, end, roles_[column], row);
    if (at == nullptr || at >= end) return 0;
  }

  const char* fields_end = at;
  if (*at == separator_) {
    at = static_cast<const char*>(std::memchr(at, '\n', static_cast<std::size_t>(end - at)));
    if (at == nullptr) return 0;
    if (std::memchr(fields_end, '"', static_cast<std::size_t>(at - fields_end)) != nullptr) return 0;
  } else if (*at == '\r' && at + 1 < end) {
    ++at;
  }
  if (*at != '\n') return 0;
  const auto length = static_cast<std::size_t>(at - text.data());
  if (length > LineReader::longest_line) return 0;
  row.text = text.substr(0, length - (at[-1] == '\r' ? 1 : 0));
  row.problem.clear();
  row.fatal = false;
  return length + 1;
}

}  // namespace alsace::io
