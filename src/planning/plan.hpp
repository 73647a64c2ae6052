#pragma once

#include <string>
#include <vector>

#include "src/planning/exchange_estimate.hpp"
#include "src/planning/memory_plan.hpp"
#include "src/planning/rates.hpp"
#include "src/planning/time_plan.hpp"
#include "src/planning/workload.hpp"

namespace alsace {

/// Something that a run has so much of and that ends somewhere.
struct Limit {
  std::string name;
  double value = 0;
  double most = 0;
  std::string consequence;  ///< of going beyond

  [[nodiscard]] double used() const { return value / most; }
};

/// All that `plan` tells. Averages over ranks; hosts are as full as the fullest.
struct Plan {
  ExchangeEstimates exchange;
  ExchangeChoice choice;
  MemoryPlan memory;             ///< under the exchange chosen
  double host_memory = 0;        ///< peak of the fullest host while training, bytes
  double other_host_memory = 0;  ///< the same under the other exchange; 0 where there is none
  TimePlan time;
  std::string bottleneck;     ///< the phase that takes most of a sweep, and what would shorten it
  std::vector<Limit> limits;  ///< the most used first
  std::vector<std::string> warnings;

  [[nodiscard]] const ExchangeEstimate& chosen() const {
    return choice.kind == ExchangeKind::needed ? exchange.needed : exchange.replicate;
  }
};

/// Throws ErrorKind::usage where sizes are out of range.
Plan make_plan(const Workload& workload, const Cluster& cluster, const Rates& rates, ExchangeKind wanted,
               const TrainerTraits& traits = trainer_traits);

}  // namespace alsace
