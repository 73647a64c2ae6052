#pragma once

#include <span>
#include <string>
#include <string_view>

namespace alsace::io {

/// Text from a file as a message shows it: control characters and what is not UTF-8 as \xNN, long text cut, "" for
/// nothing.
std::string shown(std::string_view text);

/// Several texts as a message shows them, with commas between them.
template <class Texts>
std::string all_shown(const Texts& texts) {
  std::string all;
  for (const std::string_view text : texts) {
    if (!all.empty()) all += ", ";
    all += shown(text);
  }
  return all;
}

/// `parts` one after the other with `separator` between them.
std::string joined(std::span<const std::string> parts, std::string_view separator);

}  // namespace alsace::io
