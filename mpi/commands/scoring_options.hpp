#pragma once

#include <string>

#include "io/options/command_line.hpp"
#include "mpi/comm/communicator.hpp"
#include "src/kernels/kernel_table.hpp"

namespace alsace::commands {

/// What recommend, similar and evaluate have in common.
struct ScoringOptions {
  std::string model;
  int threads = 0;
  std::string kernels = "auto";
  std::string log_level = "info";
};

void add_scoring_options(CLI::App& app, ScoringOptions& options);

/// The ranks, and how each computes.
struct ScoringRun {
  mpi::Communicator world;
  const KernelTable& kernels;
  int threads;
};

/// Starts the log and says what the run was told. After MPI_Init; collective.
ScoringRun start_scoring(const ScoringOptions& options, const io::CommandLine& command);

}  // namespace alsace::commands
