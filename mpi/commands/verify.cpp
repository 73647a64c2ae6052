#include <string>

#include "io/export/print_result.hpp"
#include "io/options/command_line.hpp"
#include "io/store/inspect.hpp"
#include "mpi/commands/commands.hpp"

namespace alsace::commands {

int verify(int argc, char** argv) {
  std::string store;
  io::CommandLine line("verify",
                       "Checks every checksum, shape and number of a model or a data set. Exit code 5 and the name of\n"
                       "the file when something is wrong. One process; no MPI.",
                       "  alsace verify model\n"
                       "  alsace verify model/sweep-000012\n");
  line.app()
      .add_option("store", store, "a model (its latest and its best checkpoint), one checkpoint, or a data set")
      ->type_name("MODEL|DATASET")
      ->required();
  if (!line.parse(argc, argv)) return 0;

  io::print_result(io::verify_store(store));
  return 0;
}

}  // namespace alsace::commands
