#include "src/als/bias_model.hpp"

namespace alsace {

std::vector<double> row_value_sums(const SparseRows& rows) {
  std::vector<double> sums(rows.rows(), 0.0);
  for (std::size_t row = 0; row < rows.rows(); ++row)
    for (const float value : rows.values_of(row)) sums[row] += static_cast<double>(value);
  return sums;
}

std::vector<double> fit_row_biases(const SparseRows& rows, double mean, std::span<const double> other,
                                   double bias_regularization) {
  std::vector<double> biases(rows.rows(), 0.0);
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    const auto columns = rows.columns_of(row);
    const auto values = rows.values_of(row);
    if (columns.empty()) continue;
    double sum = 0;
    for (std::size_t i = 0; i < columns.size(); ++i) sum += static_cast<double>(values[i]) - mean - other[columns[i]];
    biases[row] = sum / (bias_regularization + static_cast<double>(columns.size()));
  }
  return biases;
}

void subtract_biases(const BiasModel& model, bool rows_are_users, SparseRows& rows) {
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    const std::uint64_t own = rows.first_row + row;
    for (auto i = static_cast<std::size_t>(rows.offsets[row]); i < rows.offsets[row + 1]; ++i) {
      const std::uint64_t other = rows.columns[i];
      const double prediction = rows_are_users ? model.predict(own, other) : model.predict(other, own);
      rows.values[i] = static_cast<float>(static_cast<double>(rows.values[i]) - prediction);
    }
  }
}

}  // namespace alsace
