#pragma once

#include <algorithm>
#include <cstddef>

namespace alsace {

/// Queries of many that are answered together when each wants the k best of `items`: enough for a search to share what
/// it reads, and so few that their lists take at most 32 MiB.
constexpr std::size_t batch_size(std::size_t k, std::size_t items) {
  constexpr std::size_t most_queries = 1024;
  constexpr std::size_t most_entries = std::size_t{1} << 22;
  const std::size_t longest = std::clamp<std::size_t>(k, 1, std::max<std::size_t>(items, 1));
  return std::clamp<std::size_t>(most_entries / longest, 1, most_queries);
}

}  // namespace alsace
