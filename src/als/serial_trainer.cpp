#include "src/als/serial_trainer.hpp"

#include <utility>

#include <Eigen/Cholesky>
#include <fmt/format.h>

#include "src/als/loss.hpp"
#include "src/als/objective.hpp"
#include "src/als/prepare_values.hpp"
#include "src/error.hpp"

namespace alsace {
namespace {

/// μ + b_u + b_i as far as the configuration wants it.
BiasModel fit_biases(const TrainConfig& config, const SparseRows& by_user, const SparseRows& by_item) {
  BiasModel model;
  if (config.objective != Objective::explicit_ || config.biases == Biases::none || by_user.nonzeros() == 0)
    return model;
  double sum = 0;
  for (const float value : by_user.values) sum += static_cast<double>(value);
  model.mean = sum / static_cast<double>(by_user.nonzeros());
  if (config.biases == Biases::mean) return model;
  model.item.assign(by_item.rows(), 0.0);
  for (int pass = 0; pass < bias_passes; ++pass) {
    model.user = fit_row_biases(by_user, model.mean, model.item, config.bias_regularization);
    model.item = fit_row_biases(by_item, model.mean, model.user, config.bias_regularization);
  }
  return model;
}

/// One side of the data, as its half-sweep sees it.
struct Side {
  const TrainConfig& config;
  const BiasModel& biases;
  SparseRows rows;
  bool rows_are_users;

  /// What the objective reads for interaction i of a row: the strength, or the rating's residual.
  [[nodiscard]] double value(std::size_t row, std::size_t i) const {
    const double rating = static_cast<double>(rows.values_of(row)[i]);
    const std::uint64_t column = rows.columns_of(row)[i];
    return rating - (rows_are_users ? biases.predict(row, column) : biases.predict(column, row));
  }
};

/// (c·YᵀY + Σ weight·y yᵀ + w I) x = Σ target·y for every row; a row without interactions is zero.
FactorMatrix64 solve_side(const Side& side, const FactorMatrix64& fixed) {
  const Eigen::Index factors = fixed.cols();
  const auto other_side = static_cast<std::uint64_t>(fixed.rows());
  const GramMatrix shared = gramian_weight(side.config) * (fixed.transpose() * fixed);

  FactorMatrix64 solved = FactorMatrix64::Zero(static_cast<Eigen::Index>(side.rows.rows()), factors);
  for (std::size_t row = 0; row < side.rows.rows(); ++row) {
    const auto columns = side.rows.columns_of(row);
    if (columns.empty()) continue;

    GramMatrix matrix = shared;
    Eigen::VectorXd rhs = Eigen::VectorXd::Zero(factors);
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const Eigen::VectorXd y = fixed.row(columns[i]);
      const Observation observation = observe(side.config, side.value(row, i));
      matrix += observation.weight * y * y.transpose();
      rhs += observation.target * y;
    }
    matrix.diagonal().array() += regularization_weight(side.config, columns.size(), other_side);

    const Eigen::LLT<GramMatrix> cholesky(matrix);
    if (cholesky.info() != Eigen::Success)
      throw numerics_error(
          fmt::format("row {}: normal equations = not positive definite, expected a larger --regularization", row));
    solved.row(static_cast<Eigen::Index>(row)) = cholesky.solve(rhs);
  }
  return solved;
}

/// Σ w|x|² over the rows of a side.
double penalty(const Side& side, const FactorMatrix64& own, std::uint64_t other_side) {
  double sum = 0;
  for (std::size_t row = 0; row < side.rows.rows(); ++row)
    sum += regularization_weight(side.config, side.rows.row_length(row), other_side) *
           own.row(static_cast<Eigen::Index>(row)).squaredNorm();
  return sum;
}

double loss(const Side& users, const Side& items, const FactorMatrix64& x, const FactorMatrix64& y) {
  double sum = unobserved_loss(users.config, x.transpose() * x, y.transpose() * y);
  for (std::size_t row = 0; row < users.rows.rows(); ++row) {
    const auto columns = users.rows.columns_of(row);
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const double score = x.row(static_cast<Eigen::Index>(row)).dot(y.row(columns[i]));
      sum += observed_loss(users.config, users.value(row, i), score);
    }
  }
  return sum + penalty(users, x, items.rows.rows()) + penalty(items, y, users.rows.rows());
}

}  // namespace

SerialModel train_serially(const TrainConfig& config, const SparseRows& by_user, std::uint64_t items,
                           const FactorMatrix64& initial_items) {
  PreparedValues prepared = prepare_values(config, by_user);
  ALSACE_CHECK(!prepared.negative, fmt::format("value = {}", prepared.negative->value));

  SerialModel model;
  const SparseRows by_item = transpose(prepared.rows, items);
  model.biases = fit_biases(config, prepared.rows, by_item);
  const Side user_side{config, model.biases, std::move(prepared.rows), true};
  const Side item_side{config, model.biases, by_item, false};

  model.items = initial_items;
  for (int sweep = 0; sweep < config.sweeps; ++sweep) {
    model.users = solve_side(user_side, model.items);
    model.items = solve_side(item_side, model.users);
    model.losses.push_back(loss(user_side, item_side, model.users, model.items));
  }
  return model;
}

SparseRows transpose(const SparseRows& rows, std::uint64_t columns) {
  SparseRows result;
  result.offsets.assign(static_cast<std::size_t>(columns) + 1, 0);
  for (const std::uint32_t column : rows.columns) ++result.offsets[column + std::size_t{1}];
  for (std::size_t column = 0; column < columns; ++column) result.offsets[column + 1] += result.offsets[column];

  result.columns.resize(rows.nonzeros());
  result.values.resize(rows.nonzeros());
  std::vector<std::uint64_t> next(result.offsets.begin(), result.offsets.end() - 1);
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    const auto row_columns = rows.columns_of(row);
    for (std::size_t i = 0; i < row_columns.size(); ++i) {
      const auto to = static_cast<std::size_t>(next[row_columns[i]]++);
      result.columns[to] = static_cast<std::uint32_t>(rows.first_row + row);
      result.values[to] = rows.values_of(row)[i];
    }
  }
  return result;
}

}  // namespace alsace
