#include <string>

#include <fmt/format.h>

#include "io/clock.hpp"
#include "io/log/log.hpp"
#include "io/options/command_line.hpp"
#include "mpi/comm/communicator.hpp"
#include "mpi/commands/commands.hpp"
#include "mpi/data/dataset_writer.hpp"
#include "mpi/data/fingerprint.hpp"
#include "mpi/data/write_synthetic.hpp"
#include "src/data/synthetic.hpp"

namespace alsace::commands {
namespace {

enum class Format { csv, dataset };

struct Options {
  SyntheticConfig data;
  std::string out;
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
  app.add_flag("--overwrite", options.overwrite, "replace what is at --out");
  app.add_option("--log-level", options.log_level, "trace, debug, info, warn, error or off");
}

}  // namespace

int synth(int argc, char** argv) {
  Options options;
  io::CommandLine command(
      "synth",
      "Makes up interactions for tests and benches: log-normal activity of users, power-law popularity of items, taste\n"
      "clusters for a model to find. The same numbers give the same data at any rank count. Ids are the numbers from 1;\n"
      "items that nobody drew are in a data set, but not in a CSV file.",
      "  mpirun -np 2 alsace synth --users 138493 --items 26744 --interactions 20000000 --out F.csv");
  declare(command.app(), options);
  if (!command.parse(argc, argv)) return 0;
  options.data.validate();
  mpi::Environment environment(argc, argv);
  const auto comm = mpi::Communicator::world();
  io::start_log(options.log_level, comm.rank(), comm.size());
  spdlog::info("configuration:\n{}", command.effective());

  const io::Stopwatch watch;
  if (options.format == Format::csv) {
    mpi::write_synthetic_csv(comm, options.data, options.out, options.overwrite);
  } else {
    mpi::DatasetWriter writer(comm, options.out, options.overwrite);
    DatasetShard shard = mpi::synthetic_shard(comm, options.data);
    writer.publish(shard, mpi::fingerprint_together(comm, shard),
                   {{"source", "alsace synth"}, {"seed", std::to_string(options.data.seed)}});
  }
  if (comm.is_root()) {
    fmt::print("{}: {} interactions of {} users and {} items in {:.1f} s\n", options.out, options.data.interactions,
               options.data.users, options.data.items, watch.seconds());
  }
  return 0;
}

}  // namespace alsace::commands
