// Solving one row: the K × K systems alone by every kernel level and Eigen, and whole rows by every method, from which
// the constants of src/als/solver_choice come.
#include <cmath>

#include <fmt/format.h>

#include "bench/support/cost_fit.hpp"
#include "bench/support/local_trainer.hpp"
#include "bench/support/program.hpp"
#include "bench/support/report.hpp"
#include "bench/yardstick/eigen_sweep.hpp"
#include "src/aligned_array.hpp"
#include "src/als/bf16_rows.hpp"
#include "src/als/exact_sum.hpp"
#include "src/als/gramian.hpp"
#include "src/als/half_sweep.hpp"
#include "src/data/random.hpp"

namespace {

using namespace alsace;
using namespace alsace::bench;

/// I + the Gramian of 2·K random rows: what a row's system looks like.
Eigen::MatrixXf random_system(int factors) {
  Eigen::MatrixXf rows(2 * factors, factors);
  RandomStream random(1, 0, 0);
  for (Eigen::Index i = 0; i < rows.size(); ++i) rows.data()[i] = static_cast<float>(0.1 * random.normal());
  return rows.transpose() * rows + Eigen::MatrixXf::Identity(factors, factors);
}

void compare_systems(Report& report, const CommonOptions& options, int factors) {
  const Eigen::MatrixXf system = random_system(factors);
  const Eigen::VectorXf right = Eigen::VectorXf::Ones(factors);
  const auto padded = static_cast<Eigen::Index>(padded_factors(factors));
  AlignedFloats original(static_cast<std::size_t>(padded * padded));
  AlignedFloats matrix(original.size());
  AlignedFloats rhs(static_cast<std::size_t>(padded));
  Eigen::Map<Eigen::MatrixXf>(original.data(), padded, padded).topLeftCorner(factors, factors) = system;
  Eigen::VectorXf by_eigen(factors);
  const auto count = static_cast<std::size_t>((options.quick ? 1e5 : 1e8) / std::pow(factors, 2.5)) + 1;

  const std::string eigen = fmt::format("Eigen {} LLT", eigen_table().level);
  std::vector<Contestant> contestants{
      {eigen, [&] { eigen_table().solve(system.data(), right.data(), factors, count, by_eigen.data()); }}};
  for (const std::string_view level : supported_kernel_levels()) {
    contestants.push_back({fmt::format("cholesky {}", level), [&, level] {
                             const KernelTable& kernels = kernel_table(level);
                             for (std::size_t i = 0; i < count; ++i) {
                               std::copy_n(original.data(), original.size(), matrix.data());
                               std::fill_n(rhs.data(), factors, 1.0F);
                               kernels.solve_positive_definite(matrix.data(), rhs.data(), factors);
                             }
                           }});
  }
  const auto all = take_turns(contestants, options.rounds);
  for (const Timings& timings : all) {
    report.add(Row()
                   .number("K", factors, 0)
                   .text("solve", timings.name)
                   .spread("us", scaled(timings.summary(), 1e6 / static_cast<double>(count)), 2)
                   .spread("times as fast as Eigen", ratio(timings_of(all, eigen), timings), 2)
                   .probe(timings));
  }
  const Eigen::Map<const Eigen::VectorXf> last(rhs.data(), factors);
  const double apart = static_cast<double>((last - by_eigen).norm() / by_eigen.norm());
  report.verify(apart <= 1e-4, fmt::format("K = {}: the fastest level and Eigen are {:.1e} apart", factors, apart));
}

/// Rows of n random columns of a side of 25 MB (beyond the caches of a core, as in training).
struct UniformRows {
  SparseRows few;
  SparseRows many;  ///< three times as many
  FactorMatrix fixed;
  GramMatrix gramian;
};

UniformRows uniform_rows(int factors, std::size_t interactions, std::size_t count, bool quick) {
  UniformRows rows;
  rows.fixed.resize(
      std::max<Eigen::Index>((quick ? 1'000'000 : 25'000'000) / 4 / factors, static_cast<Eigen::Index>(interactions)),
      factors);
  RandomStream random(1, static_cast<std::uint64_t>(factors), interactions);
  for (Eigen::Index i = 0; i < rows.fixed.size(); ++i)
    rows.fixed.data()[i] = round_to_bf16(static_cast<float>(0.1 * random.normal()));
  const auto side = static_cast<std::uint64_t>(rows.fixed.rows());
  for (SparseRows* part : {&rows.few, &rows.many}) {
    for (std::size_t row = 0; row < (part == &rows.few ? count : 3 * count); ++row) {
      // One column of each of n equal ranges: distinct and ascending.
      for (std::uint64_t i = 0; i < interactions; ++i) {
        const std::uint64_t begin = side * i / interactions;
        const std::uint64_t end = side * (i + 1) / interactions;
        part->columns.push_back(static_cast<std::uint32_t>(begin + random.below(end - begin)));
      }
      part->offsets.push_back(part->columns.size());
    }
    part->values.assign(part->nonzeros(), 1.0F);
  }
  LocalReducer reducer;
  rows.gramian = gramian(kernel_table(supported_kernel_levels().back()), rows.fixed.data(), side, factors, side, 1,
                         reducer, "the Gramian of a bench");
  return rows;
}

/// Nanoseconds of one row by each solver: of the rows that `many` has more than `few`, so that what a half-sweep does
/// once is not counted. CPU time: the difference of two short runs is nothing where something else ran in one of them.
void compare_rows(Report& report, const CommonOptions& options, int factors, std::size_t interactions,
                  Precision precision, std::vector<RowSample>& cholesky, std::vector<RowSample>& dual) {
  const KernelTable& kernels = kernel_table(supported_kernel_levels().back());
  const double guess =
      1000 + 0.05 * factors * factors * static_cast<double>(interactions + static_cast<std::size_t>(factors));
  const auto count = static_cast<std::size_t>((options.quick ? 1e5 : 2e7) / guess) + 2;
  const UniformRows rows = uniform_rows(factors, interactions, count, options.quick);
  const Bf16Rows fixed_bf16(rows.fixed, 1);
  std::vector<Contestant> contestants;
  std::vector<Solver> solvers{Solver::cholesky, Solver::subspace, Solver::cg};
  if (interactions <= 512) solvers.push_back(Solver::dual);
  std::vector<FactorMatrix> solved(solvers.size());
  for (std::size_t i = 0; i < solvers.size(); ++i) {
    for (const SparseRows* part : {&rows.few, &rows.many}) {
      contestants.push_back(
          {name_of(solvers[i]),
           [&, i, part] {
             TrainConfig config = yardstick_config(factors);
             config.solver = solvers[i];
             config.precision = precision;
             HalfSweep job{config, kernels, *part, rows.fixed, rows.gramian, 1};
             if (precision == Precision::bf16) job.fixed_bf16 = fixed_bf16.data();
             half_sweep(job, solved[i].data(), {});
           },
           [&, i, part] { solved[i] = FactorMatrix::Zero(static_cast<Eigen::Index>(part->rows()), factors); }});
    }
  }
  const auto all = take_turns(contestants, options.rounds, false);
  Row row;
  row.number("K", factors, 0).number("n", static_cast<double>(interactions), 0).text("precision", name_of(precision));
  double least = 0;
  std::string fastest;
  for (std::size_t i = 0; i < solvers.size(); ++i) {
    std::vector<double> nanoseconds;
    for (std::size_t round = 0; round < all[2 * i].cpu_seconds.size(); ++round)
      nanoseconds.push_back((all[2 * i + 1].cpu_seconds[round] - all[2 * i].cpu_seconds[round]) * 1e9 /
                            static_cast<double>(2 * count));
    const Summary summary = summarize(std::move(nanoseconds));
    row.spread(fmt::format("{} us", name_of(solvers[i])), scaled(summary, 1e-3), 2);
    if (solvers[i] == Solver::cholesky) cholesky.push_back({factors, interactions, summary.median});
    if (solvers[i] == Solver::dual) dual.push_back({factors, interactions, summary.median});
    if (fastest.empty() || summary.median < least) {
      least = summary.median;
      fastest = name_of(solvers[i]);
    }
  }
  TrainConfig config = yardstick_config(factors);
  config.precision = precision;
  row.text("fastest", fastest).text("auto takes", name_of(MethodChoice(config, kernels.level)(interactions)));
  report.add(std::move(row));
}

}  // namespace

int main(int argc, char** argv) {
  CommonOptions options;
  std::vector<int> factors{16, 32, 64, 128, 256, 512};
  return run_program(
      argc, argv,
      "K x K systems alone by every kernel level and Eigen, then whole rows of n interactions by every method (Cholesky,\n"
      "subspace, cg, dual), and the constants of src/als/solver_choice that they come to.",
      options, [&](CLI::App& app) { app.add_option("--factors", factors, "K, several with commas")->delimiter(','); },
      [&] {
        if (options.quick) factors = {16, 64};
        const std::string level(supported_kernel_levels().back());
        Report report("solve", 1, level);
        report.section("Factoring and solving a K x K system, one core");
        for (const int k : factors) compare_systems(report, options, k);
        std::vector<Precision> precisions{Precision::fp32};
        if (has_bf16_instructions(level)) precisions.push_back(Precision::bf16);
        for (const Precision precision : precisions) {
          std::vector<RowSample> cholesky;
          std::vector<RowSample> dual;
          report.section(
              fmt::format("A row of n interactions by each method, level {}, {}, one core", level, name_of(precision)));
          for (const int k : factors)
            for (const std::size_t n :
                 {std::size_t{8}, std::size_t{32}, static_cast<std::size_t>(k), static_cast<std::size_t>(4 * k)})
              compare_rows(report, options, k, n, precision, cholesky, dual);
          report.note(fmt::format("constants for src/als/solver_choice: {}", fitted_constants(cholesky, dual)));
        }
        return report.finish(options.json);
      });
}
