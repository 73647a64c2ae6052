#include <filesystem>
#include <string>
#include <system_error>

#include <fmt/format.h>

#include "io/clock.hpp"
#include "io/export/print_result.hpp"
#include "io/options/command_line.hpp"
#include "io/options/log_option.hpp"
#include "io/paths.hpp"
#include "io/store/store_place.hpp"
#include "mpi/commands/command_run.hpp"
#include "mpi/commands/commands.hpp"
#include "mpi/data/dataset_writer.hpp"
#include "mpi/data/fingerprint.hpp"
#include "mpi/data/write_synthetic.hpp"
#include "src/data/synthetic.hpp"
#include "src/error.hpp"

namespace alsace::commands {
namespace {

enum class Format { csv, dataset };

struct Options {
  SyntheticConfig data;
  std::string out;
  std::string attributes;
  Format format = Format::csv;
  bool overwrite = false;
  std::string log_level = "info";
};

void declare(CLI::App& app, Options& options) {
  app.add_option("--users", options.data.users, "number of users")->required();
  app.add_option("--items", options.data.items, "number of items")->required();
  app.add_option("--interactions", options.data.interactions, "number of (user, item) pairs, exactly")->required();
  app.add_option("--out", options.out, "file or data set to write")->required();
  app.add_option("--seed", options.data.seed, "another seed gives other data");
  io::add_choice(app, "--format", options.format, {{"csv", Format::csv}, {"dataset", Format::dataset}},
                 "a CSV file with user, item and value, or an Alsace data set");
  app.add_flag("--ratings", options.data.ratings, "values 1 to 5 instead of 1");
  app.add_option("--attributes", options.attributes,
                 "also write item,title,genres,year of every item: what serve takes as --item-info")
      ->type_name("FILE.csv");
  app.add_flag("--overwrite", options.overwrite, "replace what is at --out and --attributes");
  io::add_log_option(app, options.log_level);
}

void refuse_one_name_for_both(const Options& options) {
  if (options.attributes.empty() || !io::same_file(options.attributes, options.out)) return;
  throw usage_error(fmt::format("--attributes = {}, expected another file than --out", options.attributes));
}

/// Before anything is made up that would then have no place.
void check_files(const Options& options) {
  if (options.format == Format::csv) io::refuse_store(options.out);
  std::error_code ignored;
  if (options.attributes.empty()) return;
  io::refuse_store(options.attributes);
  if (!options.overwrite && std::filesystem::exists(options.attributes, ignored)) {
    throw usage_error(fmt::format("{}: exists, expected a new file or --overwrite", options.attributes));
  }
}

}  // namespace

int synth(int argc, char** argv) {
  Options options;
  io::CommandLine command(
      "synth",
      "Makes up interactions for tests and benches: log-normal activity of users, power-law popularity of items, taste\n"
      "clusters for a model to find. The same numbers give the same data at any rank count. Ids are the numbers from 1;\n"
      "items that nobody drew are in a data set, but not in a CSV file.",
      "  mpirun -np 2 alsace synth --users 138493 --items 26744 --interactions 20000000 --out F.csv\n"
      "  alsace synth --users 5000 --items 800 --interactions 90000 --out F.csv --attributes items.csv\n");
  declare(command.app(), options);
  if (!command.parse(argc, argv)) return 0;
  options.data.validate();
  refuse_one_name_for_both(options);

  const CommandRun run(argc, argv, command.effective(), options.log_level);
  const mpi::Communicator& comm = run.world();
  const io::Stopwatch watch;
  comm.run_together([&] {
    if (comm.is_root()) check_files(options);
  });
  if (options.format == Format::csv) {
    mpi::write_synthetic_csv(comm, options.data, options.out, options.overwrite);
  } else {
    mpi::DatasetWriter writer(comm, options.out, options.overwrite);
    DatasetShard shard = mpi::synthetic_shard(comm, options.data);
    writer.publish(shard, mpi::fingerprint_together(comm, shard),
                   {{"source", "alsace synth"}, {"seed", std::to_string(options.data.seed)}});
  }
  if (!options.attributes.empty())
    mpi::write_synthetic_items(comm, options.data, options.attributes, options.overwrite);
  comm.run_together([&] {
    if (!comm.is_root()) return;
    io::print_result(fmt::format("{}: {} interactions of {} users and {} items in {:.1f} s\n", options.out,
                                 options.data.interactions, options.data.users, options.data.items, watch.seconds()));
  });
  return 0;
}

}  // namespace alsace::commands
