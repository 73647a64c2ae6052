#pragma once

#include <cstdint>
#include <span>

#include "mpi/comm/communicator.hpp"
#include "src/data/id_list.hpp"

namespace alsace::mpi {

/// Sends to rank r the next send_counts[r] ids of `ids`; returns what came, in the order of the ranks that sent it, and
/// how many came from each. Collective: every id moves once.
struct ReceivedIds {
  IdList ids;
  std::vector<std::uint64_t> counts;
};
ReceivedIds all_to_all_ids(const Communicator& comm, const IdList& ids, std::span<const std::uint64_t> send_counts);

/// Every rank's ids, in rank order, on every rank; for short lists. Collective.
IdList all_gather_ids(const Communicator& comm, const IdList& mine);

}  // namespace alsace::mpi
