#include "src/planning/plan.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "src/error.hpp"

namespace alsace {
namespace {

constexpr double usual_open_files = 1024;  // `ulimit -n` of most systems
constexpr double shard_names = 100000;     // shard-00000.h5 to shard-99999.h5

double window_bytes(const MemoryPlan& memory) {
  double bytes = 0;
  for (const MemoryPart& part : memory.parts)
    if (part.shared_by_host) bytes += part.at(Stage::train);
  return bytes;
}

double shared_memory_of(const Cluster& cluster) {
  return cluster.shared_memory_per_host > 0 ? cluster.shared_memory_per_host : cluster.memory_per_host / 2;
}

bool fits(const MemoryPlan& memory, const Cluster& cluster) {
  const double shared = shared_memory_of(cluster);
  return (cluster.memory_per_host == 0 || memory.host_peak(cluster.ranks_on_host()) <= cluster.memory_per_host) &&
         (shared == 0 || window_bytes(memory) <= shared);
}

std::vector<Limit> limits_of(const Workload& workload, const Cluster& cluster, const Plan& plan) {
  const auto users = static_cast<double>(workload.users);
  const auto items = static_cast<double>(workload.items);
  constexpr double most_indices = std::numeric_limits<std::uint32_t>::max();
  std::vector<Limit> limits{
      {"users", users, most_indices, "indices have 32 bits"},
      {"items", items, most_indices, "indices have 32 bits"},
      {"files of a checkpoint", static_cast<double>(cluster.ranks) + 1, shard_names,
       "names of shards have five digits"},
      {"shards behind model.h5", static_cast<double>(cluster.ranks) + 8, usual_open_files,
       "h5py reads NaN from shards beyond its open files (ulimit -n); alsace itself does not mind"}};
  if (plan.choice.kind == ExchangeKind::replicate && cluster.ranks > 1) {
    limits.push_back({"rows of a side under replicate", std::max(users, items),
                      static_cast<double>(std::numeric_limits<int>::max()), "MPI's displacements are int"});
  }
  if (cluster.memory_per_host > 0) {
    limits.push_back({"memory of a host", plan.host_memory, cluster.memory_per_host, "ranks are killed by the system"});
  }
  const double shared = shared_memory_of(cluster);
  if (const double window = window_bytes(plan.memory); window > 0 && shared > 0) {
    limits.push_back({"/dev/shm of a host", window, shared, "each rank keeps a copy of its own instead"});
  }
  std::stable_sort(limits.begin(), limits.end(), [](const Limit& a, const Limit& b) { return a.used() > b.used(); });
  return limits;
}

std::string bottleneck_of(const TimePlan& time, const Cluster& cluster) {
  const std::vector<std::pair<double, std::string>> phases{
      {time.form, "forming the normal equations: more cores, or bf16 where the processor has it"},
      {time.solve, "solving rows: fewer factors, or solvers for short rows"},
      {time.gramian, "the Gramians: more cores"},
      {time.loss, "the loss: more cores"},
      {time.exchange_unhidden, cluster.hosts() > 1
                                   ? "the network between hosts: fewer ranks, more on a host, or a faster network"
                                   : "moving factors between the ranks of a host: fewer ranks with more threads"}};
  return std::max_element(phases.begin(), phases.end())->second;
}

std::vector<std::string> warnings_of(const Workload& workload, const Cluster& cluster, const Plan& plan) {
  std::vector<std::string> warnings;
  for (const Limit& limit : plan.limits) {
    if (limit.used() <= 1) continue;
    warnings.push_back(fmt::format("{} = {:.4g}, expected at most {:.4g}: {}", limit.name, limit.value, limit.most,
                                   limit.consequence));
  }
  const std::uint64_t fewest = std::min(workload.users, workload.items);
  if (static_cast<std::uint64_t>(cluster.ranks) > fewest) {
    warnings.push_back(
        fmt::format("--ranks = {}, expected 1 to {}: some ranks will have no rows of a side", cluster.ranks, fewest));
  }
  if (plan.time.exchange_unhidden > plan.time.sweep / 2) {
    warnings.push_back(fmt::format("{:.0f} % of a sweep is waiting for factors: fewer ranks may be as fast",
                                   100 * plan.time.exchange_unhidden / plan.time.sweep));
  }
  return warnings;
}

}  // namespace

Plan make_plan(const Workload& workload, const Cluster& cluster, const Rates& rates, ExchangeKind wanted,
               const TrainerTraits& traits) {
  workload.validate();
  cluster.validate();
  if (wanted == ExchangeKind::needed && !traits.needed_exchange) {
    throw usage_error("--exchange = needed, expected replicate: this version has no other");
  }
  const RowLengths lengths = row_lengths(workload);
  Plan plan;
  plan.exchange = estimate_exchange(workload, lengths, cluster, rates, traits);
  MemoryPlan replicate = plan_memory(workload, cluster, plan.exchange.replicate, ExchangeKind::replicate, traits);
  MemoryPlan needed = plan_memory(workload, cluster, plan.exchange.needed, ExchangeKind::needed, traits);
  plan.choice = predict_choice(plan.exchange, fits(replicate, cluster), fits(needed, cluster), wanted);
  if (!traits.needed_exchange) plan.choice = {ExchangeKind::replicate, "the only one that this version has"};
  const bool is_needed = plan.choice.kind == ExchangeKind::needed;
  const int on_host = cluster.ranks_on_host();
  plan.host_memory = (is_needed ? needed : replicate).host_peak(on_host);
  plan.other_host_memory = (is_needed ? replicate : needed).host_peak(on_host);
  plan.memory = is_needed ? std::move(needed) : std::move(replicate);
  plan.time = plan_time(workload, lengths, cluster, rates, cholesky_cost(rates), plan.chosen(), traits);
  plan.bottleneck = bottleneck_of(plan.time, cluster);
  plan.limits = limits_of(workload, cluster, plan);
  plan.warnings = warnings_of(workload, cluster, plan);
  return plan;
}

}  // namespace alsace
