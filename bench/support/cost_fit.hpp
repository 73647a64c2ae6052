#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace alsace::bench {

/// What a row of n interactions took at K factors by one method.
struct RowSample {
  int factors;
  std::size_t interactions;
  double nanoseconds;
};

/// The constants of src/als/solver_choice that explain the samples best (least squares of relative errors, none below
/// zero), as a line of its table: "form 0.012, start …". Those of Cholesky come first, the dual's are what is left.
/// What cg takes depends on its iterations and is not fitted.
std::string fitted_constants(const std::vector<RowSample>& cholesky, const std::vector<RowSample>& dual);

}  // namespace alsace::bench
