#include <optional>
#include <string>

#include <boost/serialization/string.hpp>

#include "io/log/log.hpp"
#include "io/stop_signals.hpp"
#include "io/store/file_hash.hpp"
#include "mpi/comm/kernel_choice.hpp"
#include "mpi/comm/objects.hpp"
#include "mpi/commands/command_run.hpp"
#include "mpi/commands/commands.hpp"
#include "mpi/commands/train_options.hpp"
#include "mpi/training/training_run.hpp"

namespace alsace::commands {
namespace {

/// What the model remembers of the file of initial item factors. Collective; one rank reads it.
std::string hash_on_root(const mpi::Communicator& world, const std::string& file) {
  std::string hash;
  world.run_together([&] {
    if (world.is_root() && !file.empty()) hash = io::hash_of_input(file);
  });
  return mpi::broadcast_object(world, hash);
}

}  // namespace

int train(int argc, char** argv) {
  auto request = parse_train(argc, argv);
  if (!request) return 0;
  // Before MPI starts threads of its own, which inherit the mask of signals.
  const io::StopSignals signals(request->max_hours ? std::optional(*request->max_hours * 3600) : std::nullopt);
  const CommandRun run(argc, argv, request->effective, request->log_level);
  for (const std::string& name : request->without_effect) {
    if (!run.world().is_root()) break;
    spdlog::warn("--{} has no effect with --objective {} --value {}", name, name_of(request->config.objective),
                 name_of(request->config.value));
  }
  request->config.init_items = hash_on_root(run.world(), request->run.init_items);
  request->run.kernel_level = mpi::choose_kernel_level(run.world(), request->kernels);
  return mpi::run_training(run.world(), request->config, request->run, signals);
}

}  // namespace alsace::commands
