#include "io/text.hpp"

#include <fmt/format.h>

#include "src/data/id_order.hpp"

namespace alsace::io {
namespace {

constexpr std::size_t longest = 64;

/// The first 64 bytes, or up to three fewer so that a UTF-8 character is not cut.
std::string_view head_of(std::string_view text) {
  const auto continues = [text](std::size_t at) { return (static_cast<unsigned char>(text[at]) & 0xc0U) == 0x80U; };
  if (text.size() <= longest) return text;
  std::size_t end = longest;
  while (end > longest - 3 && continues(end)) --end;
  return text.substr(0, continues(end) ? longest : end);
}

}  // namespace

std::string shown(std::string_view text) {
  if (text.empty()) return "\"\"";
  // Whole UTF-8 text is shown as it is, anything else byte by byte.
  const std::string_view head = head_of(text);
  std::string result;
  if (is_valid_id(head)) {
    result = head;
  } else {
    for (const char c : head) {
      const auto byte = static_cast<unsigned char>(c);
      result += byte >= 0x20 && byte < 0x7f ? std::string(1, c) : fmt::format("\\x{:02x}", byte);
    }
  }
  return text.size() > head.size() ? fmt::format("{}… ({} bytes)", result, text.size()) : result;
}

std::string joined(std::span<const std::string> parts, std::string_view separator) {
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) text += separator;
    text += parts[i];
  }
  return text;
}

}  // namespace alsace::io
