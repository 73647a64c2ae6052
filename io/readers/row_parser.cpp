#include "io/readers/row_parser.hpp"

#include <charconv>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "io/text.hpp"
#include "src/data/id_order.hpp"

namespace alsace::io {
namespace {

constexpr double rounds_to_infinity = 0x1.ffffffp127;  // halfway between the greatest float and 2^128
constexpr float smallest_normal = std::numeric_limits<float>::min();

std::string problem_of(std::string_view field, std::string_view text, std::string_view expected) {
  return fmt::format("{} = {}, expected {}", field, shown(text), expected);
}

std::string parse_value(std::string_view text, bool reject_negative, float& value) {
  const std::optional<double> number = parse_number(text);
  if (!number) return problem_of("value", text, "a number");
  const double magnitude = std::abs(*number);
  const bool digits = text.find_first_of("0123456789") != std::string_view::npos;
  if (std::isnan(*number) || !digits) return problem_of("value", text, "a finite number");
  if (magnitude >= rounds_to_infinity || (magnitude > 0 && static_cast<float>(magnitude) < smallest_normal)) {
    return problem_of("value", text, "0 or a magnitude of 1.2e-38 to 3.4e38");
  }
  if (reject_negative && *number < 0) return problem_of("value", text, "at least 0 with --value raw; see --negatives");
  value = static_cast<float>(*number) + 0.0F;  // -0 + 0 = 0
  return {};
}

std::string parse_timestamp(std::string_view text, std::int64_t& timestamp) {
  text = trimmed(text);
  const char* end = text.data() + text.size();
  if (const auto [at, error] = std::from_chars(text.data(), end, timestamp); error == std::errc() && at == end)
    return {};
  const std::optional<double> number = parse_number(text);
  // 2^63 itself is out of range, and so is what is not a number.
  if (!number || !(*number >= -0x1p63 && *number < 0x1p63)) {
    return problem_of("timestamp", text, "a number within 64 bits");
  }
  timestamp = static_cast<std::int64_t>(std::floor(*number));
  return {};
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t";
  const std::size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

std::optional<double> parse_number(std::string_view text) {
  text = trimmed(text);
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, number);
  if (at != end || error == std::errc::invalid_argument) return std::nullopt;
  if (error == std::errc::result_out_of_range) return std::numeric_limits<double>::infinity();
  return number;
}

void parse_fields(const std::vector<std::string_view>& fields, const Layout& layout, bool reject_negative,
                  ParsedRow& row) {
  row.problem.clear();
  row.fatal = false;
  row.value = 1;
  row.timestamp = 0;
  const auto needed = static_cast<std::size_t>(layout.fields_needed());
  if (fields.size() < needed) {
    row.problem = fmt::format("fields = {}, expected at least {}", fields.size(), needed);
    return;
  }
  row.user = fields[static_cast<std::size_t>(layout.user)];
  row.item = fields[static_cast<std::size_t>(layout.item)];
  if (!is_valid_id(row.user)) {
    row.problem = problem_of("user", row.user, id_rule);
  } else if (!is_valid_id(row.item)) {
    row.problem = problem_of("item", row.item, id_rule);
  } else if (layout.value != Layout::none) {
    row.problem = parse_value(fields[static_cast<std::size_t>(layout.value)], reject_negative, row.value);
  }
  if (row.problem.empty() && layout.timestamp != Layout::none) {
    row.problem = parse_timestamp(fields[static_cast<std::size_t>(layout.timestamp)], row.timestamp);
  }
}

}  // namespace alsace::io
