#include "bench/support/cost_fit.hpp"

#include <functional>

#include <Eigen/Dense>
#include <fmt/format.h>

namespace alsace::bench {
namespace {

/// Non-negative least squares by leaving out, one after the other, the terms that come out negative.
Eigen::VectorXd fit(const Eigen::MatrixXd& terms, const Eigen::VectorXd& values) {
  std::vector<Eigen::Index> kept;
  for (Eigen::Index term = 0; term < terms.cols(); ++term) kept.push_back(term);
  const Eigen::VectorXd weights = values.cwiseMax(1.0).cwiseInverse();
  while (!kept.empty() && values.size() > 0) {
    const Eigen::MatrixXd some = weights.asDiagonal() * terms(Eigen::all, kept);
    const Eigen::VectorXd found = some.colPivHouseholderQr().solve(weights.cwiseProduct(values));
    Eigen::Index least = 0;
    if (found.minCoeff(&least) >= 0) {
      Eigen::VectorXd all = Eigen::VectorXd::Zero(terms.cols());
      for (std::size_t i = 0; i < kept.size(); ++i) all[kept[i]] = found[static_cast<Eigen::Index>(i)];
      return all;
    }
    kept.erase(kept.begin() + least);
  }
  return Eigen::VectorXd::Zero(terms.cols());
}

Eigen::VectorXd fit(const std::vector<RowSample>& samples,
                    const std::function<std::vector<double>(double n, double k)>& terms_of,
                    const std::function<double(double n, double k)>& known) {
  Eigen::MatrixXd terms(static_cast<Eigen::Index>(samples.size()), static_cast<Eigen::Index>(terms_of(1, 1).size()));
  Eigen::VectorXd values(terms.rows());
  Eigen::Index count = 0;
  for (const RowSample& sample : samples) {
    const auto n = static_cast<double>(sample.interactions);
    const auto k = static_cast<double>(sample.factors);
    if (sample.nanoseconds <= known(n, k)) continue;  // lost in noise
    const std::vector<double> row = terms_of(n, k);
    terms.row(count) = Eigen::Map<const Eigen::RowVectorXd>(row.data(), terms.cols());
    values[count++] = sample.nanoseconds - known(n, k);
  }
  return fit(terms.topRows(count), values.head(count));
}

}  // namespace

std::string fitted_constants(const std::vector<RowSample>& cholesky, const std::vector<RowSample>& dual) {
  // form, start, factor, pivot, row
  const Eigen::VectorXd direct = fit(
      cholesky,
      [](double n, double k) {
        return std::vector<double>{n * k * k, k * k, k * k * k, k, 1};
      },
      [](double /*n*/, double /*k*/) { return 0.0; });
  // whiten, pair, rotate
  const Eigen::VectorXd whitened = fit(
      dual,
      [](double n, double k) {
        return std::vector<double>{n * k, n * n * k, k * k};
      },
      [&](double n, double /*k*/) { return direct[2] * n * n * n + direct[3] * n + direct[4]; });
  return fmt::format(
      "form {:.4f}, start {:.3f}, factor {:.4f}, pivot {:.1f}, whiten {:.3f}, pair {:.4f}, rotate {:.4f}, "
      "row {:.0f}",
      direct[0], direct[1], direct[2], direct[3], whitened[0], whitened[1], whitened[2], direct[4]);
}

}  // namespace alsace::bench
