#pragma once

#include <cstdint>
#include <vector>

namespace alsace {

/// One interaction with row numbers instead of ids; which list the numbers point into is said where it is used.
struct Interaction {
  std::uint32_t user;
  std::uint32_t item;
  float value;
  std::int64_t timestamp;  ///< 0 when the input has none
};

/// Many interactions, 12 bytes each, and 8 more where there are timestamps.
struct InteractionChunk {
  struct Row {
    std::uint32_t user;
    std::uint32_t item;
    float value;
  };
  std::vector<Row> rows;
  std::vector<std::int64_t> timestamps;  ///< one a row, or empty when the input had none
};

/// How rows that name the same (user, item) pair become one. All are deterministic, whatever the order of the rows:
/// `sum` adds in ascending value order in double, `last` takes the greatest (timestamp, value).
enum class Duplicates { sum, last, max, error };

}  // namespace alsace
