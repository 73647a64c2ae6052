#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>
#include <thread>

#include <fmt/format.h>
#include <mpi.h>

#include "io/export/print_result.hpp"
#include "mpi/comm/communicator.hpp"
#include "mpi/commands/commands.hpp"
#include "src/error.hpp"

namespace {

struct Command {
  std::string_view name;
  int (*run)(int argc, char** argv);
  std::string_view summary;
};

constexpr std::array commands{
    Command{"import", alsace::commands::import, "raw interactions to a sharded data set"},
    Command{"split", alsace::commands::split, "a data set to data sets for training, validation and test"},
    Command{"train", alsace::commands::train, "trains a model and commits checkpoints"},
    Command{"evaluate", alsace::commands::evaluate, "measures a model on held-out interactions"},
    Command{"recommend", alsace::commands::recommend, "writes the K best items of each user"},
    Command{"similar", alsace::commands::similar, "prints the items nearest to one"},
    Command{"serve", alsace::commands::serve, "answers over HTTP from the item shards of all ranks"},
    Command{"inspect", alsace::commands::inspect, "tells what a model or a data set is"},
    Command{"verify", alsace::commands::verify, "checks every checksum, shape and number of one"},
    Command{"export", alsace::commands::export_model, "writes factors and ids for other tools"},
    Command{"synth", alsace::commands::synth, "makes up power-law data of any size"},
    Command{"plan", alsace::commands::plan, "memory, bytes and time of a training run, before it is booked"},
};

void print_help() {
  std::string text = fmt::format(
      "Alsace {}: ALS at cluster scale\n\n"
      "  alsace COMMAND ...                 one process\n"
      "  mpirun -np N alsace COMMAND ...    N ranks\n\nCommands\n",
      ALSACE_VERSION);
  for (const Command& command : commands) text += fmt::format("  {:<10} {}\n", command.name, command.summary);
  text +=
      "\n`alsace COMMAND --help` tells all about one of them.\n\n"
      "Exit codes: 0 done, 1 a bug, 2 usage, 3 bad input, 4 numerics, 5 storage, 6 interrupted (what is\n"
      "complete is kept). Results go to stdout, log and progress to stderr.\n";
  alsace::io::print_result(text);
}

/// The rank by MPI, or before MPI_Init by what the launcher says; 0 without one.
int rank_here(bool mpi_runs) {
  int rank = 0;
  if (mpi_runs) {
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    return rank;
  }
  for (const char* variable : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"}) {
    if (const char* value = std::getenv(variable)) return std::atoi(value);
  }
  return 0;
}

/// Says what went wrong and returns the exit code. Where all ranks end for the same reason, one speaks and MPI ends in
/// order; where this one ends alone, the others would wait for it for ever and are ended with it. Before MPI_Init all
/// ranks fail alike, but mpirun ends them all when the first one does: the others leave rank 0 the time to speak.
int fail(alsace::ErrorKind kind, const char* message, bool all_ranks) {
  const int code = static_cast<int>(kind);
  int initialized = 0;
  int finalized = 0;
  MPI_Initialized(&initialized);
  MPI_Finalized(&finalized);
  const bool mpi_runs = initialized != 0 && finalized == 0;
  const bool speaks = !(all_ranks || !mpi_runs) || rank_here(mpi_runs) == 0;
  if (speaks) fmt::print(stderr, "alsace: {}\n", message);
  std::fflush(nullptr);
  if (!mpi_runs && !speaks) std::this_thread::sleep_for(std::chrono::seconds(1));
  if (mpi_runs && all_ranks) MPI_Finalize();
  if (mpi_runs && !all_ranks) MPI_Abort(MPI_COMM_WORLD, code);
  return code;
}

/// What the program does by the first of its arguments; returns the exit code.
int run(int argc, char** argv) {
  const std::string_view name = argc > 1 ? argv[1] : "--help";
  if (name == "--help" || name == "-h" || name == "help") {
    print_help();
    return argc > 1 ? 0 : static_cast<int>(alsace::ErrorKind::usage);
  }
  if (name == "--version") {
    alsace::io::print_result(fmt::format("alsace {}\n", ALSACE_VERSION));
    return 0;
  }
  for (const Command& command : commands) {
    if (command.name == name) return command.run(argc - 1, argv + 1);
  }
  throw alsace::usage_error(fmt::format("{} is not a command; see alsace --help", name));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const alsace::mpi::AgreedError& error) {
    return fail(error.kind(), error.what(), true);
  } catch (const alsace::Error& error) {
    // What the command line says is said to all ranks, and found wrong by all of them.
    return fail(error.kind(), error.what(), error.kind() == alsace::ErrorKind::usage);
  } catch (const std::exception& error) {
    return fail(alsace::ErrorKind::internal, error.what(), false);
  }
}
