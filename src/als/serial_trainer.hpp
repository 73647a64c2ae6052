#pragma once

#include <vector>

#include "src/als/bias_model.hpp"
#include "src/als/config.hpp"
#include "src/data/sparse_rows.hpp"
#include "src/matrix.hpp"

namespace alsace {

/// A whole training run in double, on one thread, written to be read beside the papers: the oracle of every fast path.
/// O(nonzeros·K² + rows·K³) a sweep without any blocking; for tests and small data.
struct SerialModel {
  FactorMatrix64 users;
  FactorMatrix64 items;
  BiasModel biases;
  std::vector<double> losses;  ///< one a sweep
};

/// `by_user`: all users, values as the data have them. `items`: number of items. `initial_items`: items × K.
SerialModel train_serially(const TrainConfig& config, const SparseRows& by_user, std::uint64_t items,
                           const FactorMatrix64& initial_items);

/// The transpose of a shard that holds all rows: rows become columns, in ascending order. `columns`: number of columns.
SparseRows transpose(const SparseRows& rows, std::uint64_t columns);

}  // namespace alsace
