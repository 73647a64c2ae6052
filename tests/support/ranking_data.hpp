#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "src/matrix.hpp"
#include "src/ranking/scorer.hpp"

namespace alsace::test {

/// Rows of a spectrum that decays, scaled to norms of a log-normal distribution: narrow, or following a power law as
/// ALS trains those of items, which follow popularity.
inline FactorMatrix factor_rows(Eigen::Index rows, Eigen::Index factors, bool narrow, unsigned seed) {
  std::mt19937_64 engine(seed);
  std::normal_distribution<float> normal;
  FactorMatrix matrix(rows, factors);
  for (Eigen::Index i = 0; i < rows; ++i) {
    for (Eigen::Index k = 0; k < factors; ++k) matrix(i, k) = normal(engine) / std::sqrt(static_cast<float>(k) + 1.0F);
    const float norm =
        narrow ? std::exp(0.3F * normal(engine))
               : std::pow(1.0F + 0.02F * static_cast<float>(engine() % static_cast<std::uint64_t>(rows)), -0.8F);
    matrix.row(i) *= norm / std::max(matrix.row(i).norm(), 1e-30F);
  }
  return matrix;
}

inline Queries queries_of(const FactorMatrix& rows) {
  Queries queries;
  queries.count = static_cast<std::size_t>(rows.rows());
  queries.factors = static_cast<int>(rows.cols());
  queries.rows.assign(rows.data(), rows.data() + rows.size());
  queries.excluded_offsets.assign(queries.count + 1, 0);
  return queries;
}

/// `count` ascending indices below `items`, without repeats.
inline std::vector<std::uint32_t> some_items(std::mt19937_64& engine, std::size_t count, std::size_t items) {
  std::vector<std::uint32_t> chosen;
  for (std::size_t i = 0; i < count; ++i) chosen.push_back(static_cast<std::uint32_t>(engine() % items));
  std::sort(chosen.begin(), chosen.end());
  chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
  return chosen;
}

/// Every query gets exclude lists, allow lists and lengths of some kind, a tenth of them the extremes.
inline void add_filters(Queries& queries, std::size_t items, unsigned seed) {
  std::mt19937_64 engine(seed);
  queries.excluded_offsets = {0};
  for (std::size_t q = 0; q < queries.count; ++q) {
    const auto kind = engine() % 10;
    auto excluded = some_items(engine, kind == 0 ? 0 : engine() % (items / 4 + 1), items);
    if (kind == 1) {  // all but one
      excluded.resize(items);
      for (std::uint32_t i = 0; i < items; ++i) excluded[i] = i;
      excluded.erase(excluded.begin() + static_cast<std::ptrdiff_t>(engine() % items));
    }
    queries.excluded_items.insert(queries.excluded_items.end(), excluded.begin(), excluded.end());
    queries.excluded_offsets.push_back(queries.excluded_items.size());
    const std::size_t lengths[] = {0, 1, items / 100, items / 10, items};
    const std::size_t length = lengths[engine() % 5];
    queries.allowed.push_back(
        engine() % 2 == 0 ? nullptr
                          : std::make_shared<const std::vector<std::uint32_t>>(some_items(engine, length, items)));
    queries.takes.push_back(static_cast<std::uint32_t>(engine() % 3 == 0 ? engine() % 20 : 1'000'000));
  }
}

}  // namespace alsace::test
