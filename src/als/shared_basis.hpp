#pragma once

#include <Eigen/Core>

#include "src/matrix.hpp"

namespace alsace {

/// G = Q Λ Qᵀ of a side's Gramian. In this basis the part that all rows of a half-sweep share, c·G + w·I, is diagonal
/// for every w, so that it costs nothing to invert where w differs from row to row.
struct SharedBasis {
  GramMatrix vectors;      ///< Q, K × K: an eigenvector a column, whose largest element is positive
  Eigen::VectorXd values;  ///< Λ, K, ascending; not below 0
};

/// Computes it in fp64 (tridiagonalization and QL; about 10·K³ flops). Ranks must not each compute their own: one does
/// and broadcasts. Throws ErrorKind::numerics where it does not converge. Not collective.
SharedBasis shared_basis(const GramMatrix& gramian);

}  // namespace alsace
