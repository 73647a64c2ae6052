#include "mpi/planning/measure_kernels.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <vector>

#include "io/clock.hpp"
#include "mpi/comm/collectives.hpp"
#include "src/als/gramian.hpp"
#include "src/als/half_sweep.hpp"
#include "src/als/loss.hpp"
#include "src/data/random.hpp"

namespace alsace::mpi {
namespace {

constexpr std::size_t fixed_rows = 20000;  // as many as keep their factors out of the level-2 cache
constexpr std::size_t short_row = 8;
constexpr std::size_t long_row = 512;

/// Rows of `length` interactions with columns spread over the fixed side.
SparseRows made_up_rows(std::size_t rows, std::size_t length) {
  SparseRows made;
  RandomStream random(1, 0, length);
  const std::size_t step = fixed_rows / length;
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t i = 0; i < length; ++i)
      made.columns.push_back(static_cast<std::uint32_t>(i * step + random.below(step)));
    made.offsets.push_back(made.columns.size());
  }
  made.values.assign(made.columns.size(), 1.0F);
  return made;
}

FactorMatrix made_up_factors(std::size_t rows, int factors) {
  FactorMatrix made(static_cast<Eigen::Index>(rows), factors);
  RandomStream random(2, 0, 0);
  for (Eigen::Index i = 0; i < made.size(); ++i) made.data()[i] = static_cast<float>(0.1 * random.normal());
  return made;
}

/// Rows whose work takes about `seconds` at the default rates.
std::size_t rows_for(double seconds, double row_seconds) {
  return static_cast<std::size_t>(std::clamp(seconds / row_seconds, 16.0, 1e6));
}

/// Seconds that `work` takes the thread on the slowest rank, the least of three; all ranks start together.
double slowest(const Communicator& comm, const std::function<void()>& work) {
  double least = std::numeric_limits<double>::infinity();
  for (int repeat = 0; repeat < 3; ++repeat) {
    barrier(comm);
    double seconds = 0;
    comm.run_together([&] {
      const io::ThreadStopwatch watch;
      work();
      seconds = watch.seconds();
    });
    least = std::min(least, all_reduce_max(comm, seconds));
  }
  return least;
}

}  // namespace

KernelRates measure_kernels(const Communicator& comm, const std::string& kernel_level, int factors, double seconds) {
  TrainConfig config = TrainConfig::defaults(Objective::ials);
  config.factors = factors;
  config.solver = Solver::cholesky;
  config.precision = Precision::fp32;
  const KernelTable& kernels = kernel_table(kernel_level);
  const FactorMatrix fixed = made_up_factors(fixed_rows, factors);
  LocalReducer alone;
  const std::size_t whole_rows = fixed_rows / block_rows * block_rows;
  GramMatrix gram;
  const auto sum = [&] {
    gram = gramian(kernels, fixed.data(), whole_rows, factors, whole_rows, 1, alone, "the Gramian");
  };
  sum();  // warms up

  const KernelRates guess = rates_at(default_rates(), factors);
  const auto row_guess = [&](std::size_t length) {
    return guess.solve_us * 1e-6 + static_cast<double>(length) * guess.form_ns * 1e-9;
  };
  const auto half_sweep_of = [&](const SparseRows& rows, FactorMatrix& solved) {
    return slowest(comm, [&] {
      half_sweep({.config = config, .kernels = kernels, .rows = rows, .fixed = fixed, .fixed_gramian = gram},
                 solved.data(), {});
    });
  };
  const SparseRows brief = made_up_rows(rows_for(seconds, row_guess(short_row)), short_row);
  const SparseRows lengthy = made_up_rows(rows_for(seconds, row_guess(long_row)), long_row);
  FactorMatrix solved_brief = made_up_factors(brief.rows(), factors);
  FactorMatrix solved = made_up_factors(lengthy.rows(), factors);
  const double a_brief_row = half_sweep_of(brief, solved_brief) / static_cast<double>(brief.rows());
  const double a_long_row = half_sweep_of(lengthy, solved) / static_cast<double>(lengthy.rows());

  KernelRates rates{.factors = factors};
  const double form = (a_long_row - a_brief_row) / static_cast<double>(long_row - short_row);
  rates.form_ns = 1e9 * form;
  // A row costs something even where noise says otherwise.
  rates.solve_us = 1e6 * std::max(a_brief_row - static_cast<double>(short_row) * form, a_brief_row / 16);
  rates.gramian_ns = 1e9 * slowest(comm, sum) / static_cast<double>(whole_rows);
  rates.loss_ns = 1e9 * slowest(comm, [&] { (void)row_losses(config, kernels, lengthy, solved.data(), fixed, 1); }) /
                  static_cast<double>(lengthy.nonzeros());
  return rates;
}

double measure_memory(const Communicator& comm) {
  const std::vector<std::uint64_t> words(std::size_t{1} << 25, 1);
  std::uint64_t total = 0;
  const double seconds = slowest(comm, [&] {
    // Four sums side by side: one alone would wait for its additions and not for memory.
    std::array<std::uint64_t, 4> sums{};
    for (std::size_t i = 0; i < words.size(); i += sums.size())
      for (std::size_t lane = 0; lane < sums.size(); ++lane) sums[lane] += words[i + lane];
    total = std::accumulate(sums.begin(), sums.end(), std::uint64_t{0});
  });
  ALSACE_CHECK(total == words.size(), "every word was read");
  return static_cast<double>(words.size() * sizeof(std::uint64_t)) / seconds;
}

}  // namespace alsace::mpi
