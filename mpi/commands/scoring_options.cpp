#include "mpi/commands/scoring_options.hpp"

#include "io/options/log_option.hpp"
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
  app.add_option("--kernels", options.kernels, mpi::kernels_help)->type_name("LEVEL");
  io::add_log_option(app, options.log_level);
}

ScoringRun start_scoring(const mpi::Communicator& world, const ScoringOptions& options) {
  const KernelTable& kernels = kernel_table(mpi::choose_kernel_level(world, options.kernels));
  return {world, kernels, mpi::choose_threads(world, options.threads)};
}

}  // namespace alsace::commands
