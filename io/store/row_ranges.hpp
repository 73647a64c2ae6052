#pragma once

#include <algorithm>
#include <cstdint>

#include "src/data/ids.hpp"

namespace alsace::io {

/// Calls `work` for consecutive ranges of at most 65,536 rows that cover `rows`: what bounds the memory of a command
/// that goes through a whole store.
template <class Work>
void for_each_range(std::uint64_t rows, const Work& work) {
  constexpr std::uint64_t rows_at_once = 1 << 16;
  for (std::uint64_t begin = 0; begin < rows; begin += rows_at_once) {
    work(RowRange{begin, std::min(begin + rows_at_once, rows)});
  }
}

}  // namespace alsace::io
