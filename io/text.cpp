#include "io/text.hpp"

#include <fmt/format.h>

#include "src/data/id_order.hpp"

namespace alsace::io {

std::string shown(std::string_view text) {
  constexpr std::size_t longest = 64;
  if (text.empty()) return "\"\"";
  // Whole UTF-8 text is shown as it is, anything else byte by byte.
  const std::string_view head = text.substr(0, longest);
  std::string result;
  if (is_valid_id(head)) {
    result = head;
  } else {
    for (const char c : head) {
      const auto byte = static_cast<unsigned char>(c);
      result += byte >= 0x20 && byte < 0x7f ? std::string(1, c) : fmt::format("\\x{:02x}", byte);
    }
  }
  return text.size() > longest ? fmt::format("{}… ({} bytes)", result, text.size()) : result;
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
