#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "mpi/comm/communicator.hpp"
#include "src/planning/rates.hpp"

namespace alsace::mpi {

struct CalibrationOptions {
  std::string kernel_level;
  std::vector<int> factors{16, 32, 64, 128, 256};  ///< ascending
  std::filesystem::path directory = ".";           ///< checkpoints and data sets will be in a place like this one
  double seconds = 0.1;                            ///< of one measurement; each is made three times
};

/// Measures what plans are scaled by, through the trainer's own functions: one thread a rank, all ranks at once, as
/// they compete for caches, memory and links in a run; the slowest rank counts. Between ranks of several hosts the link
/// between hosts is measured; else it stays at the default. About a second a number of factors, and some seconds of
/// files: 25 MB a rank are written below `directory` and removed. Collective. Throws ErrorKind::storage.
Rates calibrate(const Communicator& comm, const CalibrationOptions& options);

}  // namespace alsace::mpi
