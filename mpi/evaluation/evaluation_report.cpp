#include "mpi/evaluation/evaluation_report.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace alsace::mpi {
namespace {

/// A row a metric, a column a name.
std::string table_text(const std::vector<std::string>& names, const std::vector<const Metrics*>& columns) {
  std::string text = fmt::format("\n{:<22}", "metric");
  for (const std::string& name : names) text += fmt::format("  {:>14}", name);
  text += "\n";
  for (const auto& [metric, first] : *columns.front()) {
    text += fmt::format("{:<22}", metric);
    for (const Metrics* column : columns) {
      const auto found = column->find(metric);
      text += fmt::format("  {:>14}", found == column->end() ? "" : fmt::format("{:.5f}", found->second));
    }
    text += "\n";
  }
  return text;
}

}  // namespace

void Measured::merge(Measured&& other) {
  all.merge(other.all);
  segments.resize(std::max(segments.size(), other.segments.size()));
  for (std::size_t s = 0; s < other.segments.size(); ++s) segments[s].merge(other.segments[s]);
}

std::string json_text(const EvaluationReport& report) {
  nlohmann::ordered_json json = report.model_metrics.all;
  json["users"] = report.users;
  json["unknown_users"] = report.unknown_users;
  json["interactions"] = report.interactions;
  json["unknown_items"] = report.unknown_items;
  json["training_interactions"] = report.seen;
  json["model"] = report.model;
  if (!report.baseline.all.empty()) json["baseline"] = report.baseline.all;
  if (!report.global_mean.empty()) json["global_mean"] = report.global_mean;
  if (!report.segments.empty()) json["segments"] = nlohmann::ordered_json::array();
  for (std::size_t s = 0; s < report.segments.size(); ++s) {
    nlohmann::ordered_json segment = report.model_metrics.segments[s];
    segment["interactions_least"] = report.segments[s].least;
    segment["interactions_most"] = report.segments[s].most;
    segment["users"] = report.segments[s].users;
    if (!report.baseline.all.empty()) segment["baseline"] = report.baseline.segments[s];
    json["segments"].push_back(std::move(segment));
  }
  return json.dump(2) + "\n";
}

std::string tables_text(const EvaluationReport& report, bool explicit_model) {
  std::string text = fmt::format("model                 {}\n", report.model);
  text += fmt::format("users measured        {}\n", report.users);
  text += fmt::format("users unknown         {}  (skipped)\n", report.unknown_users);
  text += fmt::format("held-out interactions {}  ({} with items unknown to the model, {} trained on)\n",
                      report.interactions, report.unknown_items, report.seen);
  std::vector<std::string> names{"model"};
  std::vector<const Metrics*> columns{&report.model_metrics.all};
  if (!report.baseline.all.empty()) {
    names.emplace_back(explicit_model ? "baseline" : "popularity");
    columns.push_back(&report.baseline.all);
  }
  if (!report.global_mean.empty()) {
    names.emplace_back("global mean");
    columns.push_back(&report.global_mean);
  }
  text += table_text(names, columns);
  if (explicit_model && !report.baseline.all.empty()) text += "\nbaseline: the bias model; in rankings, popularity\n";

  for (std::size_t s = 0; s < report.segments.size(); ++s) {
    const Segment& segment = report.segments[s];
    text += fmt::format("\n{} users with {} to {} training interactions", segment.users, segment.least, segment.most);
    const bool both = !report.baseline.all.empty();
    names.resize(both ? 2 : 1);
    columns = {&report.model_metrics.segments[s]};
    if (both) columns.push_back(&report.baseline.segments[s]);
    text += table_text(names, columns);
  }
  return text;
}

}  // namespace alsace::mpi
