#include "src/als/solver_choice.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace alsace {
namespace {

// Of one core (AMD Zen 4, 2.6 GHz, processor time), rows gathered from a side of 20,000, K from 64 to 512. The fields
// are those of SolverCosts in order:
// form, start, factor, pivot, whiten, pair, rotate, cg_pass, cg_iteration, row.
constexpr SolverCosts all_costs[] = {
    {"portable", Precision::fp32, 0.038, 0.20, 0.0134, 30, 1.1, 0.022, 0.055, 0.25, 200, 200},
    {"avx2", Precision::fp32, 0.013, 0.12, 0.0046, 18, 0.5, 0.028, 0.020, 0.10, 100, 150},
    {"avx512", Precision::fp32, 0.0145, 0.10, 0.0042, 15, 0.5, 0.028, 0.020, 0.10, 100, 150},
    {"avx512_bf16", Precision::bf16, 0.0075, 0.10, 0.0042, 15, 0.5, 0.028, 0.020, 0.10, 100, 150},
};

/// A dual of this many unknowns costs 4 MB of work space; auto's bounds are far below.
constexpr std::size_t longest_dual_at_all = 1024;
/// Floats of the rows that cg keeps: 16 MB a thread. Longer rows go to Cholesky whatever is asked for.
constexpr std::size_t cg_floats = std::size_t{1} << 22;
/// Iterations to cg_tolerance from the last sweep's value, in the middle of a training (HalfSweepResult counts them).
constexpr double expected_iterations = 7;

std::size_t longest_cg_at_all(int factors) {
  return cg_floats / static_cast<std::size_t>(factors);
}

}  // namespace

const char* name_of(RowMethod method) {
  switch (method) {
    case RowMethod::cholesky:
      return "cholesky";
    case RowMethod::dual:
      return "dual";
    case RowMethod::cg:
      return "cg";
    case RowMethod::subspace:
      return "subspace";
  }
  return "?";
}

RowCounts& RowCounts::operator+=(const RowCounts& other) {
  for (std::size_t method = 0; method < row_methods; ++method) of[method] += other.of[method];
  return *this;
}

std::string to_text(const RowCounts& counts) {
  std::string text;
  for (const RowMethod method : {RowMethod::cholesky, RowMethod::dual, RowMethod::cg, RowMethod::subspace})
    if (counts[method] > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name_of(method), counts[method]);
  return text;
}

Precision resolve_precision(Precision wanted) {
  return wanted == Precision::auto_ ? Precision::fp32 : wanted;
}

const SolverCosts& solver_costs(std::string_view kernel_level, Precision precision) {
  const auto find = [](std::string_view level, Precision of) {
    return std::find_if(std::begin(all_costs), std::end(all_costs),
                        [&](const SolverCosts& costs) { return costs.level == level && costs.precision == of; });
  };
  const std::string_view base = kernel_level.starts_with("avx512") || kernel_level == "amx" ? "avx512" : kernel_level;
  for (const auto* costs :
       {find(kernel_level, precision), find(kernel_level, Precision::fp32), find(base, Precision::fp32)})
    if (costs != std::end(all_costs)) return *costs;
  return all_costs[0];
}

double row_cost(const SolverCosts& costs, RowMethod method, std::size_t interactions, int factors,
                Objective objective) {
  const auto n = static_cast<double>(interactions);
  const auto k = static_cast<double>(factors);
  const double rotate = objective == Objective::explicit_ ? 0.0 : costs.rotate * k * k;
  switch (method) {
    case RowMethod::cholesky:
      return costs.row + (costs.form * n + costs.start) * k * k + costs.factor * k * k * k + costs.pivot * k;
    case RowMethod::dual:
      return costs.row + rotate + costs.whiten * n * k + costs.pair * n * n * k + costs.factor * n * n * n +
             costs.pivot * n;
    case RowMethod::cg:
      return costs.row + 2 * rotate + costs.whiten * n * k +
             (expected_iterations + 1) * (costs.cg_pass * n * k + costs.cg_iteration);
    case RowMethod::subspace:
      break;
  }
  return costs.row + (costs.form * n + costs.start) * k * 64 + costs.factor * k * 64 * 64 + costs.pivot * k +
         3 * costs.cg_pass * n * k;
}

MethodChoice::MethodChoice(const TrainConfig& config, std::string_view kernel_level) {
  switch (config.solver) {
    case Solver::auto_:
      choose_by_cost(config, kernel_level);
      return;
    case Solver::cholesky:
      return;
    case Solver::dual:
      longest_dual_ = longest_dual_at_all;
      return;
    case Solver::cg:
      longest_cg_ = longest_cg_at_all(config.factors);
      return;
    case Solver::subspace:
      otherwise_ = RowMethod::subspace;
      return;
  }
}

/// Of the exact methods. Their costs cross once as rows grow: the dual's grows with n², Cholesky's with n.
void MethodChoice::choose_by_cost(const TrainConfig& config, std::string_view kernel_level) {
  const SolverCosts& costs = solver_costs(kernel_level, config.precision);
  const auto cost = [&](RowMethod method, std::size_t n) {
    return row_cost(costs, method, n, config.factors, config.objective);
  };
  while (longest_dual_ < longest_dual_at_all &&
         cost(RowMethod::dual, longest_dual_ + 1) < cost(RowMethod::cholesky, longest_dual_ + 1))
    ++longest_dual_;
}

bool reads_basis(const TrainConfig& config) {
  return config.objective != Objective::explicit_ && config.solver != Solver::cholesky &&
         config.solver != Solver::subspace;
}

bool may_start_warm(const TrainConfig& config) {
  return config.solver == Solver::subspace || config.solver == Solver::cg;
}

}  // namespace alsace
