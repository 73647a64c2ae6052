#pragma once

#include <array>
#include <charconv>
#include <string>

namespace alsace::io {

/// Appends the shortest text that reads back as the same number; valid in CSV and JSON.
template <class Number>
void append_number(std::string& text, Number value) {
  std::array<char, 32> digits{};
  const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  text.append(digits.data(), result.ptr);
}

inline std::string shortest_text(float value) {
  std::string text;
  append_number(text, value);
  return text;
}

}  // namespace alsace::io
