#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace alsace {

/// Users whose number of training interactions lies in [least, most].
struct Segment {
  std::uint64_t least = 0;
  std::uint64_t most = 0;
  std::uint64_t users = 0;
  friend bool operator==(const Segment&, const Segment&) = default;
};

/// How many users have so many interactions.
struct LengthCount {
  std::uint64_t interactions;
  std::uint64_t users;
};

/// Cuts users into at most `count` groups of about equal size by their number of interactions; users with equal numbers
/// stay together, so there may be fewer groups. `lengths` in any order, a number of interactions any number of times.
std::vector<Segment> quantile_segments(std::vector<LengthCount> lengths, int count);

}  // namespace alsace
