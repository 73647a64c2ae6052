#include <cstdio>
#include <optional>

#include <fmt/format.h>

#include "io/export/npy.hpp"
#include "io/log/log.hpp"
#include "io/stop_signals.hpp"
#include "io/store/file_hash.hpp"
#include "mpi/comm/communicator.hpp"
#include "mpi/comm/kernel_choice.hpp"
#include "mpi/commands/commands.hpp"
#include "mpi/commands/train_options.hpp"
#include "mpi/training/training_run.hpp"

namespace alsace::commands {

int train(int argc, char** argv) {
  auto request = parse_train(argc, argv);
  if (!request) return 0;
  const io::StopSignals signals(request->max_hours ? std::optional(*request->max_hours * 3600) : std::nullopt);
  const mpi::Environment environment(argc, argv);
  const auto world = mpi::Communicator::world();
  io::start_log(request->log_level, world.rank(), world.size());
  spdlog::info("effective configuration of train:\n{}", request->effective);
  world.run_together([&] {
    if (request->run.init_items.empty()) return;
    const io::NpyReader checked(request->run.init_items);  // what is wrong with it is bad input, not a storage error
    request->config.init_items = io::digest_of(request->run.init_items).xxh3_128;
  });
  request->run.kernel_level = mpi::choose_kernel_level(world, request->kernels);
  return mpi::run_training(world, request->config, request->run, signals);
}

}  // namespace alsace::commands
