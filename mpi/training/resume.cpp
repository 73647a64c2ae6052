#include "mpi/training/resume.hpp"

#include <fmt/format.h>

#include "io/store/dataset_store.hpp"
#include "io/store/model_store.hpp"

namespace alsace::mpi {

std::vector<std::string> resume_conflicts(const ModelInfo& model, const TrainConfig& config,
                                          const std::vector<std::string>& valid_metrics) {
  std::vector<std::string> conflicts;
  const auto wanted = io::parameter_list(config);
  const auto stored = io::parameter_list(model.config);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const auto& [name, value] = wanted[i];
    if (name == "sweeps") continue;
    if (value != stored[i].second) {
      conflicts.push_back(fmt::format("{} = {}, the model has {}", name, value, stored[i].second));
    }
  }
  if (config.sweeps < model.config.sweeps) {
    conflicts.push_back(
        fmt::format("sweeps = {}, the model has {}; it may only grow", config.sweeps, model.config.sweeps));
  }
  const std::string metric = valid_metrics.empty() ? "" : valid_metrics.front();
  if (metric != model.early_stopping.metric) {
    conflicts.push_back(
        fmt::format("validation metric = \"{}\", the model has \"{}\"", metric, model.early_stopping.metric));
  }
  return conflicts;
}

std::vector<std::string> data_conflicts(const ModelInfo& model, const Fingerprint& data, const Fingerprint& valid) {
  std::vector<std::string> conflicts;
  const auto compare = [&](const char* name, const Fingerprint& ours, const Fingerprint& theirs) {
    if (ours == theirs) return;
    conflicts.push_back(fmt::format("{} = {}, the model has {}", name, io::to_hex(ours), io::to_hex(theirs)));
  };
  compare("data fingerprint", data, model.data);
  compare("validation data fingerprint", valid, model.valid);
  return conflicts;
}

}  // namespace alsace::mpi
