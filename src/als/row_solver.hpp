#pragma once

#include <cstddef>
#include <optional>

#include "src/als/normal_equations.hpp"
#include "src/als/shared_part.hpp"

namespace alsace {

/// Solves rows one by one; one for each thread. All memory is taken when it is made, `solve` takes none.
class RowSolver {
 public:
  explicit RowSolver(const SharedPart& shared);
  /// Solves local row `row` into `x` (K floats). False when its system is not positive definite or x is not finite.
  [[nodiscard]] bool solve(std::size_t row, float* x);
  [[nodiscard]] const RowCounts& counts() const { return counts_; }

 private:
  const SharedPart& shared_;
  NormalEquations system_;
  std::optional<NormalEquations> segment_;  ///< when some row has a second segment
  RowCounts counts_;
};

}  // namespace alsace
