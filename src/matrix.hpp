#pragma once

#include <Eigen/Core>

namespace alsace {

/// Factors: one row a user or an item, K columns, fp32, row-major, so that a row is contiguous.
using FactorMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
/// Rows that somebody else holds, without a copy: of a FactorMatrix, or of memory that ranks share.
using FactorView = Eigen::Ref<const FactorMatrix>;
using FactorMatrix64 = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// K × K sums over rows, fp64.
using GramMatrix = Eigen::MatrixXd;

}  // namespace alsace
