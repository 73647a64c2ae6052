#pragma once

#include <functional>

#include "src/planning/exchange_estimate.hpp"
#include "src/planning/rates.hpp"
#include "src/planning/row_lengths.hpp"
#include "src/planning/trainer_traits.hpp"
#include "src/planning/workload.hpp"

namespace alsace {

/// Seconds of one rank, averaged over the ranks; all but the last three are of one sweep.
struct TimePlan {
  double form = 0;     ///< normal equations of both half-sweeps
  double solve = 0;    ///< the K × K systems
  double gramian = 0;  ///< both Gramians
  double loss = 0;
  double exchange_hidden = 0;  ///< behind the solves
  double exchange_unhidden = 0;
  double sweep = 0;  ///< all of the above but what is hidden

  double checkpoint = 0;  ///< one of them
  double load = 0;        ///< of a data set, once
};

/// What solving a row costs one thread, in seconds: forming and solving apart. The seam to the trainer's choice of
/// solvers: by default every row forms its K × K system and solves it by Cholesky.
struct RowSeconds {
  double form = 0;
  double solve = 0;
};
using RowCostModel = std::function<RowSeconds(int factors, double interactions)>;
RowCostModel cholesky_cost(const Rates& rates);

/// Threads of a rank and ranks share the rows without loss: the cost model cuts them so.
TimePlan plan_time(const Workload& workload, const RowLengths& lengths, const Cluster& cluster, const Rates& rates,
                   const RowCostModel& row_cost, const ExchangeEstimate& exchange,
                   const TrainerTraits& traits = trainer_traits);

}  // namespace alsace
