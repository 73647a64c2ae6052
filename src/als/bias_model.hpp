#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "src/als/config.hpp"
#include "src/als/exact_sum.hpp"
#include "src/data/sparse_rows.hpp"

namespace alsace {

/// μ + b_u + b_i of the explicit objective, fitted before factors are trained.
struct BiasModel {
  double mean = 0;
  std::vector<double> user;  ///< one a user of all ranks, or empty
  std::vector<double> item;  ///< one an item of all ranks, or empty

  [[nodiscard]] double predict(std::uint64_t user_row, std::uint64_t item_row) const {
    return mean + (user.empty() ? 0 : user[user_row]) + (item.empty() ? 0 : item[item_row]);
  }
};

/// Sum of a row's values, in column order, for every row: what μ is the exact_sum of.
std::vector<double> row_value_sums(const SparseRows& rows);

/// One alternating step for one side: b_r = Σ (value − μ − other[c]) / (λ_b + n) for every row of the shard, in column
/// order; 0 for a row without interactions. `other` holds the biases of all rows of the other side.
std::vector<double> fit_row_biases(const SparseRows& rows, double mean, std::span<const double> other,
                                   double bias_regularization);

/// Passes of (users, items) that fit_row_biases is called for. Fixed, so that the bits do not depend on a threshold.
inline constexpr int bias_passes = 20;

/// Subtracts the model from every value of a shard. `rows_are_users` says which side the rows are.
void subtract_biases(const BiasModel& model, bool rows_are_users, SparseRows& rows);

}  // namespace alsace
