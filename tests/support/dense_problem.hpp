#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "src/data/sparse_rows.hpp"
#include "src/matrix.hpp"

namespace alsace::test {

/// Values of a normal distribution, rows × columns.
inline FactorMatrix random_factors(Eigen::Index rows, Eigen::Index columns, unsigned seed) {
  std::mt19937 engine(seed);
  std::normal_distribution<float> normal;
  FactorMatrix matrix(rows, columns);
  for (Eigen::Index i = 0; i < matrix.size(); ++i) matrix.data()[i] = normal(engine);
  return matrix;
}

/// Rows of the given lengths with ascending columns below `columns` and values from `first` upwards by a quarter.
inline SparseRows rows_of_lengths(const std::vector<std::size_t>& lengths, std::uint32_t columns, float first) {
  SparseRows rows;
  for (const std::size_t length : lengths) {
    for (std::size_t i = 0; i < length; ++i) {
      rows.columns.push_back(static_cast<std::uint32_t>(i * columns / length));
      rows.values.push_back(first + 0.25F * static_cast<float>(i % 5));
    }
    rows.offsets.push_back(rows.columns.size());
  }
  return rows;
}

}  // namespace alsace::test
