#include "io/store/model_manifest.hpp"

#include <cmath>

#include <fmt/format.h>

#include "io/store/config_json.hpp"
#include "io/store/dataset_store.hpp"
#include "io/store/file_hash.hpp"
#include "io/store/store_schema.hpp"
#include "src/error.hpp"

namespace alsace::io {
namespace {

double finite(double value, const char* name, int sweep) {
  if (!std::isfinite(value)) {
    throw numerics_error(fmt::format("{} of sweep {} = {}, expected a finite number", name, sweep, value));
  }
  return value;
}

Json history_to_json(const std::vector<SweepRecord>& history) {
  Json list = Json::array();
  for (const SweepRecord& record : history) {
    Json metrics = Json::object();
    for (const auto& [name, value] : record.metrics) metrics[name] = finite(value, name.c_str(), record.sweep);
    list.push_back({{"sweep", record.sweep},
                    {"loss", finite(record.loss, "loss", record.sweep)},
                    {"seconds", finite(record.seconds, "seconds", record.sweep)},
                    {"metrics", metrics}});
  }
  return list;
}

std::vector<SweepRecord> history_from_json(const Json& list, const std::string& where) {
  if (!list.is_array()) throw storage_error(fmt::format("{}: history is not a list", where));
  std::vector<SweepRecord> history;
  for (const Json& entry : list) {
    SweepRecord record;
    record.sweep = small_count_of(entry, "sweep", where);
    const std::string place = fmt::format("{}: history of sweep {}", where, record.sweep);
    record.loss = number_of(entry, "loss", place);
    record.seconds = number_of(entry, "seconds", place);
    const Json& metrics = member_of(entry, "metrics", place);
    for (const auto& [name, value] : metrics.items()) record.metrics[name] = number_of(metrics, name.c_str(), place);
    history.push_back(std::move(record));
  }
  return history;
}

}  // namespace

Json model_members(const ModelInfo& info) {
  Json json;
  json["sweep"] = info.sweep;
  json["complete"] = info.complete;
  json["users"] = info.users;
  json["items"] = info.items;
  json["interactions"] = info.interactions;
  json["factors"] = info.config.factors;
  json["parameters"] = to_json(info.config);
  json["kernel_level"] = info.kernel_level;
  json["solver_costs"] = info.solver_costs;
  json["data"] = to_hex(info.data);
  json["valid"] = to_hex(info.valid);
  json["valid_metrics"] = info.valid_metrics;
  json["mean"] = finite(info.mean, "mean", info.sweep);
  const EarlyStopping& stopping = info.early_stopping;
  json["early_stopping"] = {{"metric", stopping.metric},
                            {"best_sweep", stopping.best_sweep},
                            {"best_value", finite(stopping.best_value, "best_value", info.sweep)},
                            {"sweeps_without_gain", stopping.sweeps_without_gain}};
  json["history"] = history_to_json(info.history);
  return json;
}

ModelManifest read_model_manifest(const std::filesystem::path& checkpoint) {
  const Json json = read_manifest(checkpoint, schema::model_format);
  const std::string where = (checkpoint / schema::manifest_file).string();
  ModelManifest manifest;
  ModelInfo& info = manifest.info;
  info.sweep = small_count_of(json, "sweep", where);
  info.complete = flag_of(json, "complete", where);
  info.users = count_of(json, "users", where);
  info.items = count_of(json, "items", where);
  info.interactions = count_of(json, "interactions", where);
  info.config = config_from_json(member_of(json, "parameters", where), where);
  if (const int factors = small_count_of(json, "factors", where); factors < 1 || factors != info.config.factors) {
    throw storage_error(fmt::format("{}: factors = {}, expected parameters.factors, {}, and at least 1", where, factors,
                                    info.config.factors));
  }
  info.kernel_level = text_of(json, "kernel_level", where);
  if (json.contains("solver_costs")) info.solver_costs = small_count_of(json, "solver_costs", where);
  info.data = fingerprint_of(json, "data", where);
  info.valid = fingerprint_of(json, "valid", where);
  info.valid_metrics = text_of(json, "valid_metrics", where);
  info.mean = number_of(json, "mean", where);
  const Json& stopping = member_of(json, "early_stopping", where);
  info.early_stopping.metric = text_of(stopping, "metric", where);
  info.early_stopping.best_sweep = small_count_of(stopping, "best_sweep", where);
  info.early_stopping.best_value = number_of(stopping, "best_value", where);
  info.early_stopping.sweeps_without_gain = small_count_of(stopping, "sweeps_without_gain", where);
  info.history = history_from_json(member_of(json, "history", where), where);
  manifest.files = files_of(json, {info.users, info.items, info.interactions}, schema::view_file, where);
  return manifest;
}

bool has_biases(const TrainConfig& config) {
  return config.objective == Objective::explicit_ && config.biases == Biases::full;
}

std::string view_token(const ModelInfo& info, int shard, int shards, RowRange users, RowRange items) {
  std::string text =
      fmt::format("{} {} {} {} {} {} {} {} {} {}\n", to_json(info.config).dump(), info.kernel_level, to_hex(info.data),
                  info.sweep, shard, shards, users.begin, users.end, items.begin, items.end);
  for (const SweepRecord& record : info.history) text += fmt::format("{:a}\n", record.loss);
  return hash_of(text);
}

}  // namespace alsace::io
