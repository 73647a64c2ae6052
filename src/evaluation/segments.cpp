#include "src/evaluation/segments.hpp"

#include <algorithm>

namespace alsace {

std::vector<Segment> quantile_segments(std::vector<LengthCount> lengths, int count) {
  std::sort(lengths.begin(), lengths.end(),
            [](const LengthCount& a, const LengthCount& b) { return a.interactions < b.interactions; });
  std::uint64_t total = 0;
  for (const LengthCount& length : lengths) total += length.users;

  std::vector<Segment> segments;
  std::uint64_t so_far = 0;    // users
  std::uint64_t quantile = 0;  // that the last segment starts in
  bool full = true;            // the last segment
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    const LengthCount& length = lengths[i];
    if (full) {
      segments.push_back({length.interactions, length.interactions, 0});
      quantile = so_far * static_cast<std::uint64_t>(count) / total;
    }
    segments.back().most = length.interactions;
    segments.back().users += length.users;
    so_far += length.users;
    const bool more_as_long = i + 1 < lengths.size() && lengths[i + 1].interactions == length.interactions;
    full = !more_as_long && so_far * static_cast<std::uint64_t>(count) / total > quantile;
  }
  return segments;
}

}  // namespace alsace
