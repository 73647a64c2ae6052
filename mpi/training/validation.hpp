#pragma once

#include <optional>
#include <string>
#include <vector>

#include "mpi/comm/communicator.hpp"
#include "mpi/data/load_input.hpp"
#include "mpi/evaluation/evaluate_model.hpp"
#include "mpi/training/trainer.hpp"
#include "src/kernels/kernel_table.hpp"

namespace alsace::mpi {

/// Held-out interactions and what is measured on them after each sweep. The first metric decides early stopping.
class Validation {
 public:
  /// `metrics` as parse_metric names them, "rmse" or "mae". Collective. Throws ErrorKind::input where no held-out
  /// interaction can be measured; the message names `source`.
  Validation(const Communicator& comm, HeldOut held_out, std::vector<std::string> metrics, const std::string& source);

  [[nodiscard]] const std::vector<std::string>& metrics() const { return metrics_; }
  [[nodiscard]] const Fingerprint& fingerprint() const { return held_out_.fingerprint; }

  /// Every metric of the trainer's factors as they are. Items of a user's training rows are left out. Collective. Under
  /// the exchange `needed` every rank holds all items while this runs, 4·K bytes each.
  [[nodiscard]] Metrics measure(const Communicator& comm, const Trainer& trainer, const TrainConfig& config,
                                const KernelTable& kernels, int threads) const;

 private:
  HeldOut held_out_;
  std::vector<std::string> metrics_;
  std::vector<RankingMetric> ranking_;
};

}  // namespace alsace::mpi
