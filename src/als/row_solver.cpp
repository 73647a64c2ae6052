#include "src/als/row_solver.hpp"

#include <algorithm>

namespace alsace {

CholeskySolver::CholeskySolver(const SharedPart& shared)
    : shared_(shared), system_(shared, std::min(shared.longest_row(), segment_interactions)) {
  if (shared.longest_row() > segment_interactions) segment_.emplace(shared, segment_interactions);
}

bool CholeskySolver::solve(std::size_t row, float* x) {
  const HalfSweep& job = shared_.job();
  const auto columns = job.rows.columns_of(row);
  const auto values = job.rows.values_of(row);
  const auto equal = equal_observation(job.config, values);
  const std::size_t first = std::min(columns.size(), segment_interactions);
  system_.start_from_shared(equal);
  system_.add(columns.first(first), values.first(first), equal);
  for (std::size_t begin = first; begin < columns.size(); begin += segment_interactions) {
    const std::size_t count = std::min(columns.size() - begin, segment_interactions);
    segment_->start_from_zero();
    segment_->add(columns.subspan(begin, count), values.subspan(begin, count), equal);
    system_.add(*segment_, 0, system_.matrix_size());
  }
  return system_.solve(shared_.regularization(columns.size()), equal, x);
}

RowSolver::RowSolver(const SharedPart& shared) : shared_(shared), cholesky_(shared) {
  if (const std::size_t longest = shared.longest_of(RowMethod::dual); longest > 0)
    dual_.emplace(shared, shared.rotated(), longest);
  if (const std::size_t longest = shared.longest_of(RowMethod::cg); longest > 0)
    cg_.emplace(shared, shared.rotated(), longest);
  if (shared.longest_of(RowMethod::subspace) > 0) subspace_.emplace(shared);
}

bool RowSolver::solve(std::size_t row, float* x) {
  const std::size_t interactions = shared_.job().rows.row_length(row);
  if (interactions == 0) {
    std::fill_n(x, shared_.factors(), 0.0F);
    return true;
  }
  const RowMethod method = shared_.method(interactions);
  if (method == RowMethod::subspace) {
    ++counts_[method];
    return subspace_->solve(row, x);
  }
  const bool solved =
      (method == RowMethod::dual && dual_->solve(row, x)) || (method == RowMethod::cg && cg_->solve(row, x));
  ++counts_[solved ? method : RowMethod::cholesky];
  return solved || cholesky_.solve(row, x);
}

void RowSolver::flush() {
  if (dual_) dual_->flush();
}

}  // namespace alsace
