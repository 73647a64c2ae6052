#pragma once

#include "mpi/comm/communicator.hpp"

namespace alsace::mpi {

/// Threads for this rank: `wanted`, or when that is 0 its share of the processors that it may run on (those that
/// several ranks of this host may use are shared between them), at least 1. Warns when more were wanted than there are,
/// and says how to bind ranks. Collective.
int choose_threads(const Communicator& comm, int wanted);

}  // namespace alsace::mpi
