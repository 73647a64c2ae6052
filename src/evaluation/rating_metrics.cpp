#include "src/evaluation/rating_metrics.hpp"

#include <cmath>

namespace alsace {

std::vector<double> rating_errors(const SparseRows& held_out, const Predict& predict, int threads) {
  std::vector<double> errors(held_out.rows() * rating_error_width, 0.0);
#pragma omp parallel for schedule(dynamic, 64) num_threads(threads)
  for (std::size_t row = 0; row < held_out.rows(); ++row) {
    const auto items = held_out.columns_of(row);
    const auto values = held_out.values_of(row);
    double* sums = errors.data() + row * rating_error_width;
    for (std::size_t j = 0; j < items.size(); ++j) {
      const double error = static_cast<double>(values[j]) - predict(row, items[j]);
      sums[static_cast<std::size_t>(RatingError::squared)] += error * error;
      sums[static_cast<std::size_t>(RatingError::absolute)] += std::abs(error);
    }
  }
  return errors;
}

}  // namespace alsace
