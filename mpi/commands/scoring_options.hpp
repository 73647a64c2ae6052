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

/// The ranks, and how each computes. Keeps the communicator by reference.
struct ScoringRun {
  const mpi::Communicator& world;
  const KernelTable& kernels;
  int threads;
};

/// Chooses kernels and threads. Collective.
ScoringRun start_scoring(const mpi::Communicator& world, const ScoringOptions& options);

}  // namespace alsace::commands
