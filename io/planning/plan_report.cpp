#include "io/planning/plan_report.hpp"

#include <array>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace alsace::io {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array stages{Stage::import, Stage::load, Stage::prepare, Stage::train, Stage::checkpoint};

const char* name_of_exchange(ExchangeKind kind) {
  return kind == ExchangeKind::needed ? "needed" : "replicate";
}

std::string bytes_text(double bytes) {
  constexpr std::array units{"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  std::size_t unit = 0;
  for (; bytes >= 1024 && unit + 1 < units.size(); ++unit) bytes /= 1024;
  return fmt::format("{:.{}f} {}", bytes, unit == 0 || bytes >= 100 ? 0 : 1, units[unit]);
}

std::string seconds_text(double seconds) {
  if (seconds >= 7200) return fmt::format("{:.1f} h", seconds / 3600);
  if (seconds >= 120) return fmt::format("{:.1f} min", seconds / 60);
  return fmt::format("{:.3g} s", seconds);
}

std::string memory_table(const MemoryPlan& memory) {
  std::string text = fmt::format("{:<34}", "Memory of a rank");
  for (const Stage stage : stages) text += fmt::format("{:>12}", name_of(stage));
  text += '\n';
  for (const MemoryPart& part : memory.parts) {
    text += fmt::format("  {:<32}", part.name + (part.shared_by_host ? " (one a host)" : ""));
    for (const Stage stage : stages)
      text += fmt::format("{:>12}", part.at(stage) > 0 ? bytes_text(part.at(stage)) : "");
    text += '\n';
  }
  text += fmt::format("  {:<32}", "all");
  for (const Stage stage : stages) text += fmt::format("{:>12}", bytes_text(memory.at(stage)));
  return text + fmt::format("\n  peak while training: {} ({})\n", bytes_text(memory.training_peak()),
                            name_of(memory.peak_stage()));
}

std::string exchange_table(const Plan& plan, const Cluster& cluster) {
  std::string text = fmt::format("\n{:<34}{:>16}{:>20}{:>16}{:>12}\n", "Exchange a sweep", "a rank receives",
                                 "a host from others", "rows it sees", "seconds");
  const auto line = [&](const char* name, const ExchangeEstimate& cost) {
    text +=
        fmt::format("  {:<32}{:>16}{:>20}{:>16.4g}{:>12}\n", name, bytes_text(cost.bytes),
                    bytes_text(cost.bytes_into_host), cost.held_users + cost.held_items, seconds_text(cost.seconds));
  };
  line("replicate", plan.exchange.replicate);
  line("needed", plan.exchange.needed);
  text += fmt::format("  {:<32}{:>16}\n", "lower bound", bytes_text(plan.exchange.lower_bound_bytes));
  text += fmt::format("  a shard meets {:.4g} users and {:.4g} items\n", plan.exchange.users_needed,
                      plan.exchange.items_needed);
  text += fmt::format("  chosen: {} ({}); a host with {} rank(s) peaks at {}", name_of_exchange(plan.choice.kind),
                      plan.choice.why, cluster.ranks_on_host(), bytes_text(plan.host_memory));
  return text + (cluster.ranks == 1 ? "\n" : ", with the other at " + bytes_text(plan.other_host_memory) + "\n");
}

std::string time_table(const Plan& plan) {
  const TimePlan& time = plan.time;
  std::string text = "\nTime of a sweep\n";
  const auto line = [&](const char* name, double seconds) {
    text += fmt::format("  {:<32}{:>12}\n", name, seconds_text(seconds));
  };
  line("form", time.form);
  line("solve", time.solve);
  line("Gramian", time.gramian);
  line("loss", time.loss);
  line("exchange, waited for", time.exchange_unhidden);
  line("exchange, hidden", time.exchange_hidden);
  line("sweep", time.sweep);
  line("a checkpoint", time.checkpoint);
  line("loading a data set", time.load);
  return text + "  limited by " + plan.bottleneck + "\n";
}

std::string limits_table(const Plan& plan) {
  std::string text = "\nWhat breaks first\n";
  for (const Limit& limit : plan.limits) {
    text += fmt::format("  {:>6.1f} %  {:<32} {:.4g} of {:.4g}: {}\n", 100 * limit.used(), limit.name, limit.value,
                        limit.most, limit.consequence);
  }
  for (const std::string& warning : plan.warnings) text += "warning: " + warning + "\n";
  return text;
}

Json to_json(const ExchangeEstimate& cost) {
  return {{"bytes", cost.bytes},           {"bytes_into_host", cost.bytes_into_host}, {"seconds", cost.seconds},
          {"users_held", cost.held_users}, {"items_held", cost.held_items},           {"messages", cost.messages}};
}

Json to_json(const MemoryPlan& memory) {
  Json parts = Json::array();
  for (const MemoryPart& part : memory.parts) {
    Json bytes;
    for (const Stage stage : stages) bytes[name_of(stage)] = part.at(stage);
    parts.push_back({{"name", part.name}, {"shared_by_host", part.shared_by_host}, {"bytes", bytes}});
  }
  Json all;
  for (const Stage stage : stages) all[name_of(stage)] = memory.at(stage);
  return {{"parts", parts},
          {"all", all},
          {"training_peak_bytes", memory.training_peak()},
          {"training_peak_stage", name_of(memory.peak_stage())}};
}

}  // namespace

std::string plan_as_text(const Workload& workload, const Cluster& cluster, const Rates& rates, const Plan& plan) {
  std::string text = fmt::format(
      "{} users x {} items x {} interactions, {} factors in {}\n{} rank(s) on {} host(s), {} thread(s) each\n"
      "rates of {} at kernel level {}{}\n\n",
      workload.users, workload.items, workload.interactions, workload.factors, name_of(workload.precision),
      cluster.ranks, cluster.hosts(), cluster.threads, rates.machine, rates.kernel_level,
      rates.between_hosts_measured || cluster.hosts() == 1 ? "" : "; the network between hosts is assumed");
  return text + memory_table(plan.memory) + exchange_table(plan, cluster) + time_table(plan) + limits_table(plan);
}

std::string plan_as_json(const Workload& workload, const Cluster& cluster, const Rates& rates, const Plan& plan) {
  const TimePlan& time = plan.time;
  Json json;
  json["workload"] = {{"users", workload.users},
                      {"items", workload.items},
                      {"interactions", workload.interactions},
                      {"factors", workload.factors},
                      {"objective", name_of(workload.objective)},
                      {"precision", name_of(workload.precision)},
                      {"popularity", workload.popularity == Popularity::uniform ? "uniform" : "power-law"}};
  json["cluster"] = {{"ranks", cluster.ranks},
                     {"hosts", cluster.hosts()},
                     {"ranks_per_host", cluster.ranks_on_host()},
                     {"threads", cluster.threads}};
  json["rates"] = {{"machine", rates.machine},
                   {"kernel_level", rates.kernel_level},
                   {"between_hosts_measured", rates.between_hosts_measured}};
  json["memory"] = to_json(plan.memory);
  json["memory"]["host_peak_bytes"] = plan.host_memory;
  json["memory"]["other_exchange_host_peak_bytes"] = plan.other_host_memory;
  json["exchange"] = {{"chosen", name_of_exchange(plan.choice.kind)},
                      {"why", plan.choice.why},
                      {"users_needed", plan.exchange.users_needed},
                      {"items_needed", plan.exchange.items_needed},
                      {"lower_bound_bytes", plan.exchange.lower_bound_bytes},
                      {"replicate", to_json(plan.exchange.replicate)},
                      {"needed", to_json(plan.exchange.needed)}};
  json["seconds"] = {{"form", time.form},
                     {"solve", time.solve},
                     {"gramian", time.gramian},
                     {"loss", time.loss},
                     {"exchange_unhidden", time.exchange_unhidden},
                     {"exchange_hidden", time.exchange_hidden},
                     {"sweep", time.sweep},
                     {"checkpoint", time.checkpoint},
                     {"load", time.load}};
  json["bottleneck"] = plan.bottleneck;
  json["limits"] = Json::array();
  for (const Limit& limit : plan.limits) {
    json["limits"].push_back({{"name", limit.name},
                              {"value", limit.value},
                              {"most", limit.most},
                              {"used", limit.used()},
                              {"consequence", limit.consequence}});
  }
  json["warnings"] = plan.warnings;
  return json.dump(2) + "\n";
}

}  // namespace alsace::io
