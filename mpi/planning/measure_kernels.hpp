#pragma once

#include <string>

#include "mpi/comm/communicator.hpp"
#include "src/planning/rates.hpp"

namespace alsace::mpi {

/// Rates of one thread at `factors` and a kernel level, from half-sweeps over rows of 8 and of 512 interactions (two
/// equations for the cost of an interaction and that of a row), a Gramian and a loss. Each is measured three times
/// for about `seconds` of the thread's own time, and the least counts: what else runs on the machine is not what it can
/// do. Of the ranks the slowest counts. Collective.
KernelRates measure_kernels(const Communicator& comm, const std::string& kernel_level, int factors, double seconds);

/// Bytes a second that one thread reads from memory, while all ranks do. Collective; takes 256 MiB a rank.
double measure_memory(const Communicator& comm);

}  // namespace alsace::mpi
