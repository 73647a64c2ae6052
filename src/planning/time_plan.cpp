#include "src/planning/time_plan.hpp"

#include <algorithm>
#include <cmath>
namespace alsace {
namespace {

/// A rank cannot send a row before it is solved: of a half-sweep's exchange the last block is waited for in any case.
constexpr double last_block_share = 1.0 / 64;
constexpr double stored_number = 8;

RowSeconds sum_over(const std::vector<RowGroup>& side, int factors, const RowCostModel& row_cost) {
  RowSeconds sum;
  for (const RowGroup& group : side) {
    if (group.length == 0) continue;
    // Of rows with a Poisson number of interactions some have none and cost nothing.
    const double solved = group.exact ? 1 : -std::expm1(-group.length);
    const RowSeconds row = row_cost(factors, group.length / solved);
    const double rows = group.rows * solved;
    sum.form += rows * row.form;
    sum.solve += rows * row.solve;
  }
  return sum;
}

}  // namespace

RowCostModel cholesky_cost(const Rates& rates) {
  return [&rates](int factors, double interactions) {
    const KernelRates at = rates_at(rates, factors);
    return RowSeconds{interactions * at.form_ns * 1e-9, at.solve_us * 1e-6};
  };
}

TimePlan plan_time(const Workload& workload, const RowLengths& lengths, const Cluster& cluster, const Rates& rates,
                   const RowCostModel& row_cost, const ExchangeEstimate& exchange, const TrainerTraits& traits) {
  const KernelRates at = rates_at(rates, workload.factors);
  const auto rows = static_cast<double>(workload.users) + static_cast<double>(workload.items);
  const auto interactions = static_cast<double>(workload.interactions);
  const double workers = static_cast<double>(cluster.ranks) * cluster.threads;
  const RowSeconds users = sum_over(lengths.users, workload.factors, row_cost);
  const RowSeconds items = sum_over(lengths.items, workload.factors, row_cost);

  TimePlan plan;
  plan.form = (users.form + items.form) / workers;
  plan.solve = (users.solve + items.solve) / workers;
  plan.gramian = rows * at.gramian_ns * 1e-9 / workers;
  plan.loss = interactions * at.loss_ns * 1e-9 / workers;
  if (traits.overlapped_exchange) {
    const double waited = exchange.seconds * last_block_share;
    plan.exchange_unhidden = std::max(waited, exchange.seconds - plan.form - plan.solve);
  } else {
    plan.exchange_unhidden = exchange.seconds;
  }
  plan.exchange_hidden = exchange.seconds - plan.exchange_unhidden;
  plan.sweep = plan.form + plan.solve + plan.gramian + plan.loss + plan.exchange_unhidden;

  const double own = 1.0 / cluster.ranks;
  const double checkpoint_bytes = (rows * workload.factors * 4 + interactions * 4) * own;
  plan.checkpoint = checkpoint_bytes / rates.checkpoint_bytes_per_second;
  plan.load = interactions * stored_number * own / rates.load_bytes_per_second;
  return plan;
}

}  // namespace alsace
