#include "src/als/shared_basis.hpp"

#include <Eigen/Eigenvalues>
#include <fmt/format.h>

#include "src/error.hpp"

namespace alsace {

SharedBasis shared_basis(const GramMatrix& gramian) {
  const Eigen::SelfAdjointEigenSolver<GramMatrix> eigen(gramian);
  if (eigen.info() != Eigen::Success)
    throw numerics_error(fmt::format("eigenvalues of the {} x {} Gramian = not converged, expected finite factors",
                                     gramian.rows(), gramian.cols()));
  SharedBasis basis{eigen.eigenvectors(), eigen.eigenvalues().cwiseMax(0.0)};
  for (Eigen::Index k = 0; k < basis.vectors.cols(); ++k) {
    Eigen::Index largest = 0;
    basis.vectors.col(k).cwiseAbs().maxCoeff(&largest);
    if (basis.vectors(largest, k) < 0) basis.vectors.col(k) *= -1.0;
  }
  return basis;
}

}  // namespace alsace
