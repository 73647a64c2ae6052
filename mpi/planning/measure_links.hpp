#pragma once

#include <optional>

#include "mpi/comm/communicator.hpp"
#include "src/planning/rates.hpp"

namespace alsace::mpi {

/// Links as the exchange uses them: every rank sends and receives at once.
struct MeasuredLinks {
  std::optional<LinkRates> within_host;    ///< of a rank; nothing where every rank has a host of its own
  std::optional<LinkRates> between_hosts;  ///< of a host; nothing on one host
};

/// Passes 8 MiB around a ring of the ranks of each host, then from the ranks of each host to those of the next, and
/// 8 bytes to and fro. The least of seven and of a hundred times. Collective.
MeasuredLinks measure_links(const Communicator& comm);

}  // namespace alsace::mpi
