#include "src/planning/exchange_estimate.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>
namespace alsace {
namespace {

constexpr double worth_gathering = 0.8;  // as the trainer has it

/// Time of the slower of the two roads: the host's link to the others, which its ranks share, and the ranks' own.
double exchange_seconds(const ExchangeEstimate& cost, const Cluster& cluster, const Rates& rates) {
  if (cluster.ranks == 1) return 0;
  const double between = cost.bytes_into_host / rates.between_hosts.bytes_per_second;
  const double foreign = cost.bytes_into_host / cluster.ranks_on_host();
  const double within = std::max(0.0, cost.bytes - foreign) / rates.within_host.bytes_per_second;
  const double latency = cluster.hosts() > 1 ? rates.between_hosts.latency_seconds : rates.within_host.latency_seconds;
  return between + within + cost.messages * latency;
}

/// Interactions of a rank in rows shorter than K/2, about those that the dual solves.
double short_interactions(const std::vector<RowGroup>& side, const Workload& workload, const Cluster& cluster) {
  double sum = 0;
  for (const RowGroup& group : side)
    if (group.length < workload.factors / 2.0) sum += group.rows * group.length;
  return sum / cluster.ranks;
}

/// The dual works on the fixed side in the basis of its Gramian. A side whose short rows have more interactions than it
/// has rows is turned as a whole, else row by row where it is asked for.
double rotated_rows(const Workload& workload, const RowLengths& lengths, const Cluster& cluster,
                    const ExchangeEstimate& held) {
  const bool items = short_interactions(lengths.users, workload, cluster) > held.held_items;
  const bool users = short_interactions(lengths.items, workload, cluster) > held.held_users;
  return std::max(items ? held.held_items : 0, users ? held.held_users : 0);
}

}  // namespace

ExchangeEstimates estimate_exchange(const Workload& workload, const RowLengths& lengths, const Cluster& cluster,
                                    const Rates& rates, const TrainerTraits& traits) {
  const auto users = static_cast<double>(workload.users);
  const auto items = static_cast<double>(workload.items);
  const auto ranks = static_cast<double>(cluster.ranks);
  const auto on_host = static_cast<double>(cluster.ranks_on_host());
  const double row_bytes = workload.factors * (workload.precision == Precision::bf16 ? 2.0 : 4.0);
  const double foreign_ranks = 1 - 1 / ranks;        // share of the rows that other ranks solve
  const double foreign_hosts = 1 - on_host / ranks;  // that ranks of other hosts solve

  ExchangeEstimates plan;
  plan.users_needed = rows_met(lengths.users, 1 / ranks);
  plan.items_needed = rows_met(lengths.items, 1 / ranks);
  plan.lower_bound_bytes = (plan.users_needed + plan.items_needed) * foreign_ranks * row_bytes;

  ExchangeEstimate& all = plan.replicate;
  all.held_users = users;
  all.held_items = items;
  const double all_bytes = (users + items) * row_bytes;
  // With a window a host, its ranks fetch what comes from other hosts once between them.
  all.bytes = traits.shared_windows ? all_bytes * foreign_hosts / on_host : all_bytes * foreign_ranks;
  all.bytes_into_host = all_bytes * foreign_hosts * (traits.shared_windows ? 1 : on_host);
  all.messages = 2 * (ranks - 1);
  all.rotated_rows = rotated_rows(workload, lengths, cluster, all);
  all.seconds = exchange_seconds(all, cluster, rates);

  ExchangeEstimate& some = plan.needed;
  some.held_users = users / ranks + plan.users_needed * foreign_ranks;
  some.held_items = items / ranks + plan.items_needed * foreign_ranks;
  some.bytes = plan.lower_bound_bytes;
  some.bytes_into_host = (plan.users_needed + plan.items_needed) * foreign_hosts * on_host * row_bytes;
  some.messages = 2 * (ranks - 1);
  some.rotated_rows = rotated_rows(workload, lengths, cluster, some);
  some.seconds = exchange_seconds(some, cluster, rates);
  return plan;
}

ExchangeChoice predict_choice(const ExchangeEstimates& plan, bool replicate_fits, bool needed_fits,
                              ExchangeKind wanted) {
  if (wanted != ExchangeKind::auto_) return {wanted, "asked for"};
  if (!replicate_fits && needed_fits) return {ExchangeKind::needed, "replicate does not fit in a host's memory"};
  if (replicate_fits && !needed_fits) return {ExchangeKind::replicate, "needed does not fit in a host's memory"};
  if (plan.replicate.bytes == 0) return {ExchangeKind::replicate, "nothing moves"};
  const double ratio = plan.needed.bytes / plan.replicate.bytes;
  return {ratio < worth_gathering ? ExchangeKind::needed : ExchangeKind::replicate,
          fmt::format("needed moves {:.0f} % of the bytes of replicate", 100 * ratio)};
}

}  // namespace alsace
