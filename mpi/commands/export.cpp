#include <string>

#include <fmt/format.h>

#include "io/export/model_export.hpp"
#include "io/export/print_result.hpp"
#include "io/options/command_line.hpp"
#include "io/store/model_store.hpp"
#include "io/store/store_place.hpp"
#include "mpi/commands/commands.hpp"

namespace alsace::commands {

int export_model(int argc, char** argv) {
  enum class Format { npy, csv };
  std::string model;
  std::string out;
  Format format = Format::npy;
  io::CommandLine line(
      "export",
      "Writes factors and ids for other tools. npy: user_factors.npy, item_factors.npy (rows in index order),\n"
      "users.txt, items.txt, and user_biases.npy, item_biases.npy of a model with biases. csv: user_factors.csv,\n"
      "item_factors.csv. Both: model.json, with the parameters and the mean that scores of an explicit model have added.\n"
      "One process; no MPI.",
      "  alsace export --model model --format npy --out factors\n");
  line.app()
      .add_option("--model", model, "a model (its best checkpoint, else its latest) or one checkpoint")
      ->type_name("DIR")
      ->required();
  io::add_choice(line.app(), "--format", format, {{"npy", Format::npy}, {"csv", Format::csv}}, "what to write");
  line.app().add_option("--out", out, "the directory to write to")->type_name("DIR")->required();
  if (!line.parse(argc, argv)) return 0;

  io::refuse_store(out);
  const io::ModelReader reader(io::resolve_model(model, "best"));
  reader.verify_files();
  format == Format::npy ? io::export_npy(reader, out) : io::export_csv(reader, out);
  io::print_result(fmt::format("{}: {} users and {} items exported to {}\n", reader.path().string(),
                               reader.info().users, reader.info().items, out));
  return 0;
}

}  // namespace alsace::commands
