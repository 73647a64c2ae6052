#include "src/ranking/principal_basis.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <Eigen/Eigenvalues>

#include "src/matrix.hpp"
#include "src/ranking/quantization.hpp"

namespace alsace {
namespace {

/// Rows a factor that are looked at.
constexpr std::size_t sampled_rows_a_factor = 64;

/// Whether searches go on to where principal parts are of use: a list's last score may well be a fifth of what the
/// longest rows allow.
bool stay_long(const float* rows, std::size_t factors) {
  constexpr double least_part = 0.2;
  const auto length = [&](std::size_t position) {
    return Eigen::Map<const Eigen::VectorXf>(rows + position * factors, static_cast<Eigen::Index>(factors))
        .cast<double>()
        .norm();
  };
  return length(PrincipalBasis::least_rows / 2) >= least_part * length(16);
}

/// Of rows brought to length 1, since a few long ones do not tell where the others lie.
GramMatrix sampled_gramian(const float* rows, std::size_t count, int factors) {
  const auto width = static_cast<std::size_t>(factors);
  const std::size_t sampled = std::min(count, sampled_rows_a_factor * width);
  FactorMatrix64 sample(static_cast<Eigen::Index>(sampled), factors);
  for (std::size_t i = 0; i < sampled; ++i) {
    const float* const row = rows + i * count / sampled * width;
    std::copy_n(row, width, sample.data() + i * width);
    sample.row(static_cast<Eigen::Index>(i)).normalize();
  }
  return sample.transpose() * sample;
}

/// The coordinates that a principal part needs to tell enough, or all where those are so many that it does not pay.
/// `falling`: the squared lengths of rows in each.
int principal_of(const Eigen::VectorXd& falling) {
  constexpr double most_in_tail = 0.2;
  const auto factors = static_cast<int>(falling.size());
  for (int principal = 16; principal <= factors * 5 / 8; principal += 16)
    if (falling.tail(factors - principal).sum() < most_in_tail * falling.sum()) return principal;
  return factors;
}

/// The orthonormal DCT-II: each of its rows mixes all coordinates.
GramMatrix cosines(int size) {
  GramMatrix matrix(size, size);
  for (int j = 0; j < size; ++j)
    for (int k = 0; k < size; ++k)
      matrix(j, k) = std::cos(std::numbers::pi * (k + 0.5) * j / size) * std::sqrt((j == 0 ? 1.0 : 2.0) / size);
  return matrix;
}

}  // namespace

PrincipalBasis::PrincipalBasis(const float* rows, std::size_t count, int factors)
    : factors_(factors), principal_(factors) {
  if (factors > most_factors || count < least_rows || !stay_long(rows, static_cast<std::size_t>(factors))) return;
  const GramMatrix gramian = sampled_gramian(rows, count, factors);
  if (!gramian.allFinite()) return;
  const Eigen::SelfAdjointEigenSolver<GramMatrix> eigen(gramian);
  if (eigen.info() != Eigen::Success) return;
  const int principal = principal_of(eigen.eigenvalues().reverse());
  if (principal == factors) return;
  GramMatrix basis = eigen.eigenvectors().rowwise().reverse().transpose();
  basis.topRows(principal) = (cosines(principal) * basis.topRows(principal)).eval();
  const FactorMatrix rounded = basis.cast<float>();
  const FactorMatrix64 vectors = rounded.cast<double>();
  const double skew = (vectors.transpose() * vectors - GramMatrix::Identity(factors, factors)).norm();
  const double lost = summation_error(factors) * vectors.norm();
  const double error = skew + 2 * lost * (1 + skew) + lost * lost + 0x1p-30;
  if (!(error < 0x1p-10)) return;
  error_ = error;
  principal_ = principal;
  vectors_.assign(rounded.data(), rounded.data() + rounded.size());
}

void PrincipalBasis::turn(const KernelTable& kernels, const float* rows, std::size_t count, double* turned) const {
  const auto width = static_cast<std::size_t>(factors_);
  if (empty()) {
    std::copy_n(rows, count * width, turned);
    return;
  }
  // By a power of two to entries below 2, so that nothing overflows and what underflows is nothing beside the rest.
  double units[most_rows];
  float scaled[most_rows * most_factors];
  float products[most_rows * most_factors];
  for (std::size_t i = 0; i < count; ++i) {
    units[i] = unit_of(static_cast<double>(largest_magnitude({rows + i * width, width})));
    const double inverse = 1 / units[i];
    for (std::size_t k = 0; k < width; ++k)
      scaled[i * width + k] = static_cast<float>(static_cast<double>(rows[i * width + k]) * inverse);
  }
  // Either way round each product and sum is the same; of one row, four sums at a time are under way this way.
  if (count == 1)
    kernels.inner_products(scaled, 1, vectors_.data(), width, factors_, products);
  else
    kernels.inner_products(vectors_.data(), width, scaled, count, factors_, products);
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t k = 0; k < width; ++k)
      turned[i * width + k] = static_cast<double>(products[k * count + i]) * units[i];
}

}  // namespace alsace
