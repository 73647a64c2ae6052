#pragma once

#include <memory>

#include "mpi/comm/communicator.hpp"
#include "mpi/training/exchange_options.hpp"
#include "mpi/training/factor_exchange.hpp"
#include "mpi/training/training_data.hpp"
#include "src/als/config.hpp"

namespace alsace::mpi {

struct FactorSides {
  std::unique_ptr<SideFactors> users;
  std::unique_ptr<SideFactors> items;
};

/// Chooses the exchange, says in one line which and why, and makes both sides for it. Under needed the columns of
/// `data` become places in the tables' rows, in their old order: SideFactors::global_row is the way back. Falls back to
/// a copy for each rank, and says so, where /dev/shm has no room for one a host. Collective: 16 bytes a rank and part;
/// under needed 4 bytes a row that a rank needs of others.
FactorSides make_sides(const Communicator& comm, const TrainConfig& config, TrainingData& data, int threads,
                       const ExchangeOptions& options);

}  // namespace alsace::mpi
