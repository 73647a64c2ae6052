#pragma once

#include <string>

#include "mpi/comm/communicator.hpp"

namespace alsace::commands {

/// A command from the end of its parsing to its own end: MPI, the log, and what the run was told. Collective.
class CommandRun {
 public:
  /// Starts MPI and the log and logs `configuration`, which is CommandLine::effective(). `argv[0]` is the command's
  /// name. Throws ErrorKind::usage for a level that there is not.
  CommandRun(int& argc, char**& argv, const std::string& configuration, const std::string& log_level);

  [[nodiscard]] const mpi::Communicator& world() const { return world_; }

 private:
  mpi::Environment environment_;
  mpi::Communicator world_;  // behind the environment: gone before MPI ends
};

}  // namespace alsace::commands
