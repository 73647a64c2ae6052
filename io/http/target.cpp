#include "io/http/target.hpp"

#include <algorithm>
#include <cstddef>

namespace alsace::io::http {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// None for an escape that is not % and two hexadecimal digits.
std::optional<std::string> decoded(std::string_view text, bool plus_is_space) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      result += ' ';
    } else if (text[i] != '%') {
      result += text[i];
    } else {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      result += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return result;
}

/// Calls `take` for each part between separators until one returns false; true when none did.
template <class Take>
bool each_part(std::string_view text, char separator, const Take& take) {
  for (;;) {
    const auto end = text.find(separator);
    if (!take(text.substr(0, end))) return false;
    if (end == std::string_view::npos) return true;
    text.remove_prefix(end + 1);
  }
}

bool parse_path(std::string_view path, std::vector<std::string>& segments) {
  if (path == "/") return true;
  return each_part(path.substr(1), '/', [&segments](std::string_view part) {
    auto segment = decoded(part, false);
    if (segment) segments.push_back(std::move(*segment));
    return segment.has_value();
  });
}

bool parse_query(std::string_view query, std::vector<std::pair<std::string, std::string>>& parameters) {
  return each_part(query, '&', [&parameters](std::string_view part) {
    if (part.empty()) return true;
    const auto equals = part.find('=');
    auto name = decoded(part.substr(0, equals), true);
    auto value = decoded(equals == std::string_view::npos ? std::string_view() : part.substr(equals + 1), true);
    if (!name || !value) return false;
    parameters.emplace_back(std::move(*name), std::move(*value));
    return true;
  });
}

}  // namespace

std::optional<Target> parse_target(std::string_view target) {
  const bool has_other_bytes = std::any_of(target.begin(), target.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= 0x20 || byte == 0x7f;
  });
  if (target.empty() || target.front() != '/' || has_other_bytes || target.find('#') != std::string_view::npos) {
    return std::nullopt;
  }
  const auto question = target.find('?');
  Target result;
  if (!parse_path(target.substr(0, question), result.path)) return std::nullopt;
  if (question != std::string_view::npos && !parse_query(target.substr(question + 1), result.query)) {
    return std::nullopt;
  }
  return result;
}

}  // namespace alsace::io::http
