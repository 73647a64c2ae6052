#include "io/store/inspect.hpp"

#include <string>

#include "io/export/print_result.hpp"
#include "io/options/command_line.hpp"
#include "mpi/commands/commands.hpp"

namespace alsace::commands {

int inspect(int argc, char** argv) {
  std::string store;
  bool json = false;
  io::CommandLine line("inspect", "What a model or a data set is, from its manifest. One process; no MPI.",
                       "  alsace inspect model\n"
                       "  alsace inspect model/sweep-000012 --json | jq .history\n");
  line.app()
      .add_option("store", store, "a model (its latest checkpoint counts), model/latest, model/sweep-…, or a data set")
      ->type_name("MODEL|DATASET")
      ->required();
  line.app().add_flag("--json", json, "a JSON object on stdout; `complete` says whether training is over");
  if (!line.parse(argc, argv)) return 0;

  io::print_result(json ? io::inspect_as_json(store) : io::inspect_as_text(store));
  return 0;
}

}  // namespace alsace::commands
