#pragma once

#include <optional>
#include <string>
#include <vector>

#include "mpi/training/training_run.hpp"
#include "src/als/config.hpp"

namespace alsace::commands {

/// All that `alsace train` was told.
struct TrainRequest {
  TrainConfig config;
  mpi::RunOptions run;
  std::optional<double> max_hours;
  std::string kernels = "auto";
  std::string log_level = "info";
  std::vector<std::string> without_effect;  ///< names of options that were given and that the objective does not read
  std::string effective;                    ///< every option with its value and where it came from
};

/// Parses and validates; nothing when help was printed. Throws ErrorKind::usage with all that is wrong.
std::optional<TrainRequest> parse_train(int argc, char** argv);

}  // namespace alsace::commands
