#pragma once

#include <cstddef>
#include <functional>
#include <stop_token>
#include <vector>

#include "src/als/shared_part.hpp"

namespace alsace {

/// Rows longer than this many segments are solved by all threads together, segment by segment: dealt out whole, the
/// last of them would be waited for. The bits are those of a row solved by one thread.
inline constexpr std::size_t long_row_segments = 8;

/// Local rows that are long and go to Cholesky, ascending; none where there is one thread.
std::vector<std::size_t> find_long_rows(const SharedPart& shared);

/// Solves those rows one after the other into solved + row · K, and calls on_failure(row) for each that cannot be.
/// False when `stop` was asked for; it is looked at before each row. Cost: n·K² flops a row over all threads; work
/// space: four K × K matrices a thread.
bool solve_long_rows(const SharedPart& shared, const std::vector<std::size_t>& rows, float* solved,
                     const std::stop_token& stop, const std::function<void(std::size_t)>& on_failure);

}  // namespace alsace
