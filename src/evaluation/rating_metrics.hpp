#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "src/data/sparse_rows.hpp"

namespace alsace {

/// Columns of rating_errors.
enum class RatingError : std::size_t { squared, absolute };
inline constexpr std::size_t rating_error_width = 2;

/// Prediction for the local row and the global item of the other side.
using Predict = std::function<double(std::size_t row, std::uint32_t item)>;

/// Σ (value − prediction)² and Σ |value − prediction| of every row: rows × 2, each in column order in double, so that
/// exact_sums can add them. `predict` is called from several threads and must not throw.
std::vector<double> rating_errors(const SparseRows& held_out, const Predict& predict, int threads);

}  // namespace alsace
