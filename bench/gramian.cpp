// The exact Gramian (any number of ranks and threads gives its bits) beside Eigen's fp32 one and the time to read the
// rows.
#include "src/als/gramian.hpp"

#include <cmath>

#include <fmt/format.h>

#include "bench/machine/loops.hpp"
#include "bench/support/program.hpp"
#include "bench/support/report.hpp"
#include "bench/yardstick/eigen_sweep.hpp"
#include "src/data/random.hpp"

namespace {

using namespace alsace;
using namespace alsace::bench;

volatile std::uint64_t result_of_reads;

FactorMatrix random_rows(std::size_t rows, int factors) {
  FactorMatrix matrix(static_cast<Eigen::Index>(rows), factors);
  RandomStream random(1, 0, 0);
  for (Eigen::Index i = 0; i < matrix.size(); ++i) matrix.data()[i] = static_cast<float>(0.1 * random.normal());
  return matrix;
}

/// The largest error relative to √(G_ii G_jj).
double error_of(const GramMatrix& gram, const GramMatrix& reference) {
  double most = 0;
  for (Eigen::Index j = 0; j < gram.cols(); ++j)
    for (Eigen::Index i = j; i < gram.rows(); ++i)
      most = std::max(most, std::abs(gram(i, j) - reference(i, j)) / std::sqrt(reference(i, i) * reference(j, j)));
  return most;
}

void compare(Report& report, const CommonOptions& options, std::size_t rows, int factors) {
  const FactorMatrix matrix = random_rows(rows, factors);
  GramMatrix exact;
  GramMatrix on_two;
  Eigen::MatrixXf single(factors, factors);
  const KernelTable& kernels = kernel_table(supported_kernel_levels().back());
  LocalReducer reducer;
  const auto add_up = [&](int threads, GramMatrix& result) {
    result = gramian(kernels, matrix.data(), rows, factors, rows, threads, reducer, "the Gramian of a bench");
  };
  const std::string fp32 = fmt::format("Eigen {} fp32 rankUpdate", eigen_table().level);
  const auto all = take_turns(
      {{fp32, [&] { eigen_table().gramian(matrix.data(), rows, factors, single.data()); }},
       {"alsace exact fp64, 1 thread", [&] { add_up(1, exact); }},
       {"alsace exact fp64, 2 threads", [&] { add_up(2, on_two); }},
       {"read the rows once",
        [&] { result_of_reads = read_once(matrix.data(), rows * static_cast<std::size_t>(factors) * sizeof(float)); }}},
      options.rounds);
  report.section(fmt::format("The Gramian of {} rows, K = {}", rows, factors));
  const double operations = static_cast<double>(rows) * factors * (factors + 1);
  for (const Timings& timings : all) {
    Row row;
    row.text("sum", timings.name).spread("ms", scaled(timings.summary(), 1e3), 3);
    row.number("ns a row", timings.summary().median / static_cast<double>(rows) * 1e9, 1);
    if (&timings != &all.back()) row.number("GFLOP/s", operations / timings.summary().median * 1e-9, 1);
    row.spread("of Eigen's time", ratio(timings, timings_of(all, fp32)), 2).probe(timings);
    report.add(std::move(row));
  }
  const GramMatrix reference = matrix.cast<double>().transpose() * matrix.cast<double>();
  report.verify(error_of(exact, reference) <= 1e-12,
                fmt::format("exact: {:.1e} from a plain fp64 sum, relative to the diagonal; Eigen's fp32 is {:.1e}",
                            error_of(exact, reference), error_of(single.cast<double>(), reference)));
  report.verify(exact == on_two, "1 and 2 threads give the same bits");
}

}  // namespace

int main(int argc, char** argv) {
  CommonOptions options;
  std::vector<int> factors{64, 128};
  std::size_t rows = 138'493;
  return run_program(
      argc, argv, "The exact fp64 Gramian of factor rows beside Eigen's fp32 one and reading the rows once.", options,
      [&](CLI::App& app) {
        app.add_option("--factors", factors, "K, several with commas")->delimiter(',');
        app.add_option("--rows", rows, "rows of the matrix");
      },
      [&] {
        Report report("gramian", 1, std::string(supported_kernel_levels().back()));
        for (const int k : factors) compare(report, options, options.quick ? 2000 : rows, k);
        return report.finish(options.json);
      });
}
