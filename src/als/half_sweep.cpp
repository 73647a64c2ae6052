#include "src/als/half_sweep.hpp"

#include <algorithm>
#include <atomic>
#include <limits>
#include <vector>

#include <fmt/format.h>
#include <omp.h>

#include "src/als/row_solver.hpp"
#include "src/error.hpp"

namespace alsace {
namespace {

/// Rows that a thread takes at once: enough that taking them costs nothing, few enough that no thread waits for long.
constexpr std::size_t rows_at_once = 16;

void lower_to(std::atomic<std::size_t>& lowest, std::size_t row) {
  std::size_t seen = lowest.load();
  while (row < seen && !lowest.compare_exchange_weak(seen, row)) {
  }
}

}  // namespace

bool half_sweep(const HalfSweep& job, float* solved, const std::stop_token& stop) {
  const auto factors = static_cast<std::size_t>(job.config.factors);
  ALSACE_CHECK(job.fixed.cols() == job.config.factors,
               fmt::format("fixed.cols() = {}, factors = {}", job.fixed.cols(), job.config.factors));
  const std::size_t rows = job.rows.rows();
  const SharedPart shared(job);
  std::vector<RowSolver> solvers;  // made here, since nothing may throw between the threads
  solvers.reserve(static_cast<std::size_t>(job.threads));
  for (int thread = 0; thread < job.threads; ++thread) solvers.emplace_back(job, shared);

  constexpr std::size_t none = std::numeric_limits<std::size_t>::max();
  std::atomic<std::size_t> next_row = 0;
  std::atomic<std::size_t> lowest_failed = none;
  std::atomic<bool> stopped = false;
#pragma omp parallel num_threads(job.threads)
  {
    RowSolver& solver = solvers[static_cast<std::size_t>(omp_get_thread_num())];
    // Blocks are handed out in ascending order, so every row below the lowest failed one is looked at.
    for (std::size_t begin = next_row.fetch_add(rows_at_once); begin < rows && begin < lowest_failed.load();
         begin = next_row.fetch_add(rows_at_once)) {
      if (stop.stop_requested()) {
        stopped = true;
        break;
      }
      const std::size_t end = std::min(begin + rows_at_once, rows);
      for (std::size_t row = begin; row < end; ++row)
        if (!solver.solve(row, solved + row * factors)) lower_to(lowest_failed, row);
    }
  }
  if (lowest_failed != none)
    throw numerics_error(fmt::format(
        "{} {}: normal equations = not positive definite or not finite in fp32, expected a larger --regularization",
        job.row_name, job.rows.first_row + lowest_failed.load()));
  return !stopped;
}

}  // namespace alsace
