#pragma once

#include <string>

#include "src/planning/rates.hpp"
#include "src/planning/row_lengths.hpp"
#include "src/planning/trainer_traits.hpp"
#include "src/planning/workload.hpp"

namespace alsace {

/// One way of bringing the other side's rows to a rank, averaged over the ranks.
struct ExchangeEstimate {
  double held_users = 0;  ///< rows of user factors that a rank can see
  double held_items = 0;
  double rotated_rows = 0;     ///< of the larger side that is turned into the basis of its Gramian; see rotated_rows
  double bytes = 0;            ///< that a rank receives a sweep, both half-sweeps
  double bytes_into_host = 0;  ///< that a host receives from others
  double messages = 0;         ///< that a rank receives a sweep, at least
  double seconds = 0;          ///< a sweep, nothing hidden
};

struct ExchangeEstimates {
  double users_needed = 0;  ///< rows that the shard of a rank meets, its own included
  double items_needed = 0;
  ExchangeEstimate replicate;
  ExchangeEstimate needed;
  double lower_bound_bytes = 0;  ///< a rank a sweep: each row that its shard meets and it does not solve, once
};

/// Bytes moved under both exchanges. A number is 4 bytes, under bf16 2. `replicate`: the rows that other ranks (with
/// shared windows: other hosts) solve. `needed`: of those the ones that the shard meets (rows_met).
ExchangeEstimates estimate_exchange(const Workload& workload, const RowLengths& lengths, const Cluster& cluster,
                                    const Rates& rates, const TrainerTraits& traits = trainer_traits);

/// The exchange that `auto` will take, and why: the one that fits; where both do, needed when it moves a fifth less,
/// since it packs rows and looks their places up.
struct ExchangeChoice {
  ExchangeKind kind = ExchangeKind::replicate;
  std::string why;
};
ExchangeChoice predict_choice(const ExchangeEstimates& plan, bool replicate_fits, bool needed_fits,
                              ExchangeKind wanted);

}  // namespace alsace
