#include "mpi/commands/scoring_options.hpp"

#include "io/log/log.hpp"
#include "mpi/comm/kernel_choice.hpp"
#include "mpi/comm/threads.hpp"

namespace alsace::commands {

void add_scoring_options(CLI::App& app, ScoringOptions& options) {
  app.add_option("--model", options.model,
                 "a model directory (its best checkpoint, else its latest), or one checkpoint")
      ->type_name("MODEL")
      ->required();
  app.add_option("--threads", options.threads, "threads a rank; 0: its share of the processors")
      ->check(CLI::Range(0, 4096));
  app.add_option("--kernels", options.kernels, "instruction set: auto, portable, avx2, avx512")->type_name("LEVEL");
  app.add_option("--log-level", options.log_level, "trace, debug, info, warn, error or off")->type_name("LEVEL");
}

ScoringRun start_scoring(const ScoringOptions& options, const io::CommandLine& command) {
  auto world = mpi::Communicator::world();
  io::start_log(options.log_level, world.rank(), world.size());
  spdlog::info("effective configuration:\n{}", command.effective());
  const KernelTable& kernels = kernel_table(mpi::choose_kernel_level(world, options.kernels));
  const int threads = mpi::choose_threads(world, options.threads);
  return {std::move(world), kernels, threads};
}

}  // namespace alsace::commands
