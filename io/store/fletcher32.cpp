#include "io/store/fletcher32.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "src/error.hpp"

namespace alsace::io {
namespace {

constexpr std::size_t lanes = 32;
/// Lines of `lanes` words that 32-bit sums hold: 65535 · n(n + 1)/2 < 2^32.
constexpr std::size_t most_lines = 256;

/// The two sums over words w_0, w_1, …, w_(N−1): Σ w_i and Σ (N − i) w_i, modulo 65535.
struct Sums {
  std::uint64_t plain = 0;
  std::uint64_t weighted = 0;

  /// Takes in `count` further words whose own sums are these.
  void append(std::uint64_t more_plain, std::uint64_t more_weighted, std::uint64_t count) {
    weighted = (weighted + count * plain + more_weighted) % 65535;
    plain = (plain + more_plain) % 65535;
  }
};

/// Up to most_lines lines at once. Word i = line · lanes + lane has the weight N − i = (lines − line) · lanes − lane.
void append_lines(const char* from, std::size_t lines, Sums& sums) {
  std::array<std::uint32_t, lanes> plain{};
  std::array<std::uint32_t, lanes> by_line{};  // Σ (lines − line) w
  for (std::size_t line = 0; line < lines; ++line) {
    std::array<std::uint16_t, lanes> words;
    std::memcpy(words.data(), from + line * sizeof(words), sizeof(words));
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      plain[lane] += words[lane];
      by_line[lane] += plain[lane];
    }
  }
  std::uint64_t all = 0;
  std::uint64_t weighted = 0;
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    all += plain[lane];
    weighted += std::uint64_t{by_line[lane]} * lanes - std::uint64_t{plain[lane]} * lane;
  }
  sums.append(all, weighted, lines * lanes);
}

/// Words were read as the machine has them: on a little-endian one each was multiplied by 256 modulo 65535, which turns
/// the bytes of the sums, too.
std::uint32_t as_big_endian(std::uint64_t sum, bool all_zero) {
  const auto half = static_cast<std::uint32_t>(sum == 0 && !all_zero ? 65535 : sum);
  return std::endian::native == std::endian::little ? (half << 8U | half >> 8U) & 0xffffU : half;
}

bool is_zero(std::span<const char> bytes) {
  // The first byte is 0, and every byte is as the one before it.
  return bytes.empty() || (bytes[0] == 0 && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

}  // namespace

std::uint32_t fletcher32(std::span<const char> bytes) {
  ALSACE_CHECK(bytes.size() % 2 == 0, "whole words");
  constexpr std::size_t line_bytes = lanes * sizeof(std::uint16_t);
  Sums sums;
  std::size_t at = 0;
  while (bytes.size() - at >= line_bytes) {
    const std::size_t lines = std::min(most_lines, (bytes.size() - at) / line_bytes);
    append_lines(bytes.data() + at, lines, sums);
    at += lines * line_bytes;
  }
  for (; at < bytes.size(); at += sizeof(std::uint16_t)) {
    std::uint16_t word = 0;
    std::memcpy(&word, bytes.data() + at, sizeof(word));
    sums.append(word, word, 1);
  }
  const bool zero = sums.plain == 0 && sums.weighted == 0 && is_zero(bytes);
  return as_big_endian(sums.weighted, zero) << 16U | as_big_endian(sums.plain, zero);
}

}  // namespace alsace::io
