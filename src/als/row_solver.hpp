#pragma once

#include <cstddef>
#include <optional>

#include "src/als/cg_solver.hpp"
#include "src/als/dual_solver.hpp"
#include "src/als/normal_equations.hpp"
#include "src/als/shared_part.hpp"
#include "src/als/subspace_solver.hpp"

namespace alsace {

/// Forms a row's K × K system and solves it by Cholesky: what every row can fall back to.
class CholeskySolver {
 public:
  explicit CholeskySolver(const SharedPart& shared);
  /// Solves local row `row` into x (K floats). False when its system is not positive definite or x is not finite.
  [[nodiscard]] bool solve(std::size_t row, float* x);

 private:
  const SharedPart& shared_;
  NormalEquations system_;
  std::optional<NormalEquations> segment_;  ///< when some row has a second segment
};

/// Solves rows one by one, each by the method that is chosen for it; one for each thread. All memory is taken when it
/// is made, `solve` takes none.
class RowSolver {
 public:
  explicit RowSolver(const SharedPart& shared);
  /// Solves local row `row`; `x` (K floats) is written by flush() at the latest. False when its system is not positive
  /// definite or x is not finite.
  [[nodiscard]] bool solve(std::size_t row, float* x);
  void flush();
  [[nodiscard]] const RowCounts& counts() const { return counts_; }
  [[nodiscard]] std::uint64_t cg_iterations() const { return cg_ ? cg_->iterations() : 0; }

 private:
  const SharedPart& shared_;
  CholeskySolver cholesky_;
  std::optional<DualSolver> dual_;
  std::optional<CgSolver> cg_;
  std::optional<SubspaceSolver> subspace_;
  RowCounts counts_;
};

}  // namespace alsace
