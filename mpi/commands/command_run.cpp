#include "mpi/commands/command_run.hpp"

#include "io/log/log.hpp"

namespace alsace::commands {

CommandRun::CommandRun(int& argc, char**& argv, const std::string& configuration, const std::string& log_level)
    : environment_(argc, argv), world_(mpi::Communicator::world()) {
  io::start_log(log_level, world_.rank(), world_.size());
  spdlog::info("effective configuration of {}:\n{}", argv[0], configuration);
}

}  // namespace alsace::commands
