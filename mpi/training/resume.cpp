#include "mpi/training/resume.hpp"

#include <boost/serialization/string.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "io/store/dataset_store.hpp"
#include "io/store/model_store.hpp"
#include "mpi/comm/objects.hpp"
#include "src/error.hpp"

namespace alsace::mpi {

std::vector<std::string> resume_conflicts(const ModelInfo& model, const TrainConfig& config,
                                          const std::vector<std::string>& valid_metrics) {
  std::vector<std::string> conflicts;
  const auto wanted = io::parameter_list(config);
  const auto stored = io::parameter_list(model.config);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const auto& [name, value] = wanted[i];
    if (name == "sweeps") continue;
    if (name == "precision" && config.precision == Precision::auto_) continue;  // then the model's counts
    if (value != stored[i].second) {
      conflicts.push_back(fmt::format("{} = {}, the model has {}", name, value, stored[i].second));
    }
  }
  if (config.sweeps < model.config.sweeps) {
    conflicts.push_back(
        fmt::format("sweeps = {}, the model has {}; it may only grow", config.sweeps, model.config.sweeps));
  }
  if (const std::string metrics = fmt::format("{}", fmt::join(valid_metrics, ",")); metrics != model.valid_metrics) {
    conflicts.push_back(fmt::format("validation metrics = \"{}\", the model has \"{}\"", metrics, model.valid_metrics));
  }
  return conflicts;
}

std::optional<io::ModelReader> checkpoint_to_resume(const Communicator& comm, const RunOptions& options,
                                                    const TrainConfig& config) {
  std::string path;  // one rank looks, so that all go on from the same checkpoint
  comm.run_together([&] {
    if (!comm.is_root()) return;
    io::refuse_other_than_model(options.model);
    const bool exists = io::has_checkpoint(options.model);
    if (!exists && options.resume == Resume::must) {
      throw usage_error(fmt::format("--resume = must, but {} holds no checkpoint", options.model));
    }
    if (exists && options.resume == Resume::never && !options.overwrite) {
      throw usage_error(fmt::format("{} holds a model; --resume never needs --overwrite to replace it", options.model));
    }
    if (exists && options.resume != Resume::never) path = io::resolve_model(options.model, "latest").string();
  });
  path = broadcast_object(comm, path);
  std::optional<io::ModelReader> checkpoint;
  comm.run_together([&] {
    if (path.empty()) return;
    checkpoint.emplace(path);
    const auto conflicts = resume_conflicts(checkpoint->info(), config, options.valid_metrics);
    if (conflicts.empty()) return;
    throw usage_error(fmt::format("{} was trained otherwise (--resume never --overwrite starts anew):\n  {}",
                                  options.model, fmt::join(conflicts, "\n  ")));
  });
  return checkpoint;
}

void check_data(const std::string& model, const ModelInfo& info, const Fingerprint& data, const Fingerprint& valid) {
  std::vector<std::string> conflicts;
  const auto compare = [&](const char* name, const Fingerprint& ours, const Fingerprint& theirs) {
    if (ours == theirs) return;
    conflicts.push_back(fmt::format("{} = {}, the model has {}", name, io::to_hex(ours), io::to_hex(theirs)));
  };
  compare("data fingerprint", data, info.data);
  compare("validation data fingerprint", valid, info.valid);
  if (conflicts.empty()) return;
  throw AgreedError(
      usage_error(fmt::format("{} was trained on other data (--resume never --overwrite starts anew):\n  {}", model,
                              fmt::join(conflicts, "\n  "))));
}

}  // namespace alsace::mpi
