#include "src/als/half_sweep.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <vector>

#include <fmt/format.h>
#include <omp.h>

#include "src/als/bf16_rows.hpp"
#include "src/als/long_rows.hpp"
#include "src/als/row_solver.hpp"
#include "src/error.hpp"

namespace alsace {
namespace {

/// What a thread takes at once: enough that taking it costs nothing, little enough that no thread waits for long.
constexpr std::size_t most_rows_at_once = 32;
constexpr std::size_t most_interactions_at_once = 8192;

/// First rows of the blocks that are dealt to threads, and the number of rows behind the last.
std::vector<std::size_t> cut_blocks(const SparseRows& rows) {
  std::vector<std::size_t> cuts{0};
  std::size_t interactions = 0;
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    interactions += rows.row_length(row);
    if (interactions < most_interactions_at_once && row + 1 - cuts.back() < most_rows_at_once) continue;
    cuts.push_back(row + 1);
    interactions = 0;
  }
  if (cuts.back() < rows.rows()) cuts.push_back(rows.rows());
  return cuts;
}

/// The length of the prefix of blocks that are done.
class DonePrefix {
 public:
  explicit DonePrefix(std::size_t blocks) : done_(blocks) {}
  void finish(std::size_t block) { done_[block].store(true, std::memory_order_release); }
  /// For one thread alone.
  [[nodiscard]] std::size_t advance() {
    while (prefix_ < done_.size() && done_[prefix_].load(std::memory_order_acquire)) ++prefix_;
    return prefix_;
  }

 private:
  std::vector<std::atomic<bool>> done_;
  std::size_t prefix_ = 0;
};

void lower_to(std::atomic<std::size_t>& lowest, std::size_t row) {
  std::size_t seen = lowest.load();
  while (row < seen && !lowest.compare_exchange_weak(seen, row)) {
  }
}

/// A half-sweep under way.
class Solving {
 public:
  Solving(const HalfSweep& job, float* solved, const std::stop_token& stop)
      : job_(job),
        solved_(solved),
        stop_(stop),
        shared_(job),
        long_rows_(find_long_rows(shared_)),
        cuts_(cut_blocks(job.rows)),
        done_(cuts_.size() - 1) {
    solvers_.reserve(static_cast<std::size_t>(job.threads));  // made here, since nothing may throw between the threads
    for (int thread = 0; thread < job.threads; ++thread) solvers_.emplace_back(shared_);
  }

  HalfSweepResult run() {
    stopped_ = !solve_long_rows(shared_, long_rows_, solved_, stop_, [this](std::size_t row) { fail(row); });
    if (!stopped_) {
#pragma omp parallel num_threads(job_.threads)
      solve_blocks(static_cast<std::size_t>(omp_get_thread_num()));
    }
    if (lowest_failed_ != none)
      throw numerics_error(fmt::format(
          "{} {}: normal equations = not positive definite or not finite in fp32, expected a larger --regularization",
          job_.row_name, job_.rows.first_row + lowest_failed_.load()));
    HalfSweepResult result{.finished = !stopped_, .solved = {}, .cg_iterations = 0};
    result.solved[RowMethod::cholesky] = long_rows_.size();
    for (const RowSolver& solver : solvers_) {
      result.solved += solver.counts();
      result.cg_iterations += solver.cg_iterations();
    }
    if (result.finished && job_.progress) job_.progress(job_.rows.rows());
    return result;
  }

 private:
  static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();

  void fail(std::size_t row) {
    lower_to(lowest_failed_, row);
  }

  void solve_blocks(std::size_t thread) {
    RowSolver& solver = solvers_[thread];
    const std::size_t blocks = cuts_.size() - 1;
    // Blocks are handed out in ascending order, so every row below the lowest failed one is looked at.
    for (std::size_t block = next_block_.fetch_add(1); block < blocks && cuts_[block] < lowest_failed_.load();
         block = next_block_.fetch_add(1)) {
      if (stop_.stop_requested()) {
        stopped_ = true;
        break;
      }
      for (std::size_t row = cuts_[block]; row < cuts_[block + 1]; ++row) solve_row(solver, row);
      finish_block(block, thread);
    }
  }

  void solve_row(RowSolver& solver, std::size_t row) {
    const bool solved_before = std::binary_search(long_rows_.begin(), long_rows_.end(), row);
    if (!solved_before && !solver.solve(row, solved_ + row * shared_.factors())) fail(row);
  }

  void finish_block(std::size_t block, std::size_t thread) {
    solvers_[thread].flush();
    if (job_.config.precision == Precision::bf16) round_rows(cuts_[block], cuts_[block + 1]);
    done_.finish(block);
    if (thread == 0 && job_.progress) job_.progress(cuts_[done_.advance()]);
  }

  /// Rounding may carry the largest numbers to infinity.
  void round_rows(std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) {
      float* const x = solved_ + row * shared_.factors();
      round_to_bf16(x, shared_.factors());
      if (!std::all_of(x, x + shared_.factors(), [](float value) { return std::isfinite(value); })) fail(row);
    }
  }

  const HalfSweep& job_;
  float* solved_;
  const std::stop_token& stop_;
  SharedPart shared_;
  std::vector<std::size_t> long_rows_;
  std::vector<std::size_t> cuts_;
  DonePrefix done_;
  std::vector<RowSolver> solvers_;
  std::atomic<std::size_t> next_block_ = 0;
  std::atomic<std::size_t> lowest_failed_ = none;
  std::atomic<bool> stopped_ = false;
};

}  // namespace

HalfSweepResult half_sweep(const HalfSweep& job, float* solved, const std::stop_token& stop) {
  return Solving(job, solved, stop).run();
}

}  // namespace alsace
