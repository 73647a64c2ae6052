#include "src/als/row_solver.hpp"

#include <algorithm>

namespace alsace {

RowSolver::RowSolver(const SharedPart& shared)
    : shared_(shared), system_(shared, std::min(shared.longest_row(), segment_interactions)) {
  if (shared.longest_row() > segment_interactions) segment_.emplace(shared, segment_interactions);
}

bool RowSolver::solve(std::size_t row, float* x) {
  const HalfSweep& job = shared_.job();
  const auto columns = job.rows.columns_of(row);
  const auto values = job.rows.values_of(row);
  if (columns.empty()) {
    std::fill_n(x, shared_.factors(), 0.0F);
    return true;
  }
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
  ++counts_[RowMethod::cholesky];
  return system_.solve(shared_.regularization(columns.size()), equal, x);
}

}  // namespace alsace
