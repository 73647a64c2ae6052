#pragma once

#include <array>
#include <string>
#include <vector>

#include "src/planning/exchange_estimate.hpp"
#include "src/planning/trainer_traits.hpp"
#include "src/planning/workload.hpp"

namespace alsace {

/// The stages of a run that differ in what is in memory. `import` is a run of its own.
enum class Stage { import, load, prepare, train, checkpoint };
inline constexpr std::size_t stage_count = 5;
const char* name_of(Stage stage);

/// Something a rank holds, in bytes at its largest within each stage.
struct MemoryPart {
  std::string name;
  std::array<double, stage_count> bytes{};
  bool shared_by_host = false;  ///< one for all ranks of a host; each rank's own peak counts it whole

  [[nodiscard]] double at(Stage stage) const { return bytes[static_cast<std::size_t>(stage)]; }
};

struct MemoryPlan {
  std::vector<MemoryPart> parts;

  /// What a rank has resident in a stage.
  [[nodiscard]] double at(Stage stage) const;
  /// The most that a rank has resident while it trains: over all stages but import. What VmHWM says.
  [[nodiscard]] double training_peak() const;
  [[nodiscard]] Stage peak_stage() const;
  /// Of `ranks` ranks on one host at the peak of training.
  [[nodiscard]] double host_peak(int ranks) const;
};

/// Memory of one rank, averaged over the ranks, with the factors of `exchange`. Every part names what the trainer
/// allocates; sizes follow the data structures, and one term for program, libraries and MPI is measured.
MemoryPlan plan_memory(const Workload& workload, const Cluster& cluster, const ExchangeEstimate& exchange,
                       ExchangeKind kind, const TrainerTraits& traits = trainer_traits);

}  // namespace alsace
