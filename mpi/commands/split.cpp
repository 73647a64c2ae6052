#include "src/data/split.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "io/clock.hpp"
#include "io/export/print_result.hpp"
#include "io/log/log.hpp"
#include "io/options/command_line.hpp"
#include "io/options/log_option.hpp"
#include "io/options/reader_flags.hpp"
#include "io/store/store_place.hpp"
#include "mpi/commands/command_run.hpp"
#include "mpi/commands/commands.hpp"
#include "mpi/data/dataset_writer.hpp"
#include "mpi/data/fingerprint.hpp"
#include "mpi/data/load_input.hpp"
#include "mpi/data/split_dataset.hpp"
#include "src/error.hpp"

namespace alsace::commands {
namespace {

constexpr const char* description =
    "Splits interactions into data sets DIR/train, DIR/valid (with --valid) and DIR/test.\n\n"
    "  user-random     of a user's n interactions, floor(n * test) at random go to test and floor(n * valid) others to\n"
    "                  valid, so that every user keeps at least one for training\n"
    "  user-temporal   the same numbers, but the last ones by time: first train, then valid, then test\n"
    "  leave-last-out  a user's last interaction goes to test and, with any --valid above 0, the one before to valid;\n"
    "                  users with one interaction train only, and valid takes none from users with two\n"
    "  random          floor(N * test) of all N interactions at random, then floor(N * valid); users may lose all\n"
    "  time            the last of all interactions, at most floor(N * test) of them; equal times stay together\n"
    "  k-fold          a user's interactions, in random order, go to the folds in turn; fold --fold of --folds is test\n\n"
    "Within a user equal times are ordered by item. A part has the users and items that have interactions in it. The\n"
    "same data and seed give the same parts at any rank count.";

constexpr const char* examples =
    "  alsace split data --out parts --by user-temporal --test 0.2 --valid 0.1\n"
    "  mpirun -np 4 alsace split ratings.csv --out parts --by leave-last-out\n"
    "  for i in 1 2 3 4 5; do alsace split data --out fold$i --by k-fold --folds 5 --fold $i; done\n";

struct Options {
  std::vector<std::string> inputs;
  std::string out;
  SplitConfig split;
  io::ReadOptions read;
  Duplicates duplicates = Duplicates::sum;
  bool overwrite = false;
  std::string log_level = "info";
};

const std::vector<std::pair<std::string, SplitScheme>> scheme_names = {{"user-random", SplitScheme::user_random},
                                                                       {"user-temporal", SplitScheme::user_temporal},
                                                                       {"leave-last-out", SplitScheme::leave_last_out},
                                                                       {"random", SplitScheme::random},
                                                                       {"time", SplitScheme::time},
                                                                       {"k-fold", SplitScheme::k_fold}};

void declare(CLI::App& app, Options& options) {
  app.add_option("input,--input", options.inputs, "a data set or raw files")
      ->type_name("INPUT...")
      ->required()
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--out", options.out, "directory of the parts")->type_name("DIR")->required();
  io::add_choice(app, "--by", options.split.scheme, scheme_names, "how to split, see above");
  app.add_option("--test", options.split.test, "fraction for test, above 0 and below 1");
  app.add_option("--valid", options.split.valid, "fraction for validation; 0: none");
  app.add_option("--folds", options.split.folds, "k-fold: how many, 2 to 1000");
  app.add_option("--fold", options.split.fold, "k-fold: which one is for test, from 1");
  app.add_option("--seed", options.split.seed, "of the random schemes: another seed gives another split");
  app.add_flag("--overwrite", options.overwrite, "replace parts that are there");
  io::add_reader_options(app, options.read, options.duplicates, io::DuplicatesDefault::sum);
  io::add_log_option(app, options.log_level);
}

std::string scheme_name(SplitScheme scheme) {
  for (const auto& [name, named] : scheme_names) {
    if (named == scheme) return name;
  }
  return "";
}

/// The directory of the parts. One that it has made goes with it when no part came into it.
class OutputDirectory {
 public:
  OutputDirectory(const mpi::Communicator& comm, std::string path) : path_(std::move(path)) {
    comm.run_together([&] {
      std::error_code failed;
      if (comm.is_root()) made_ = std::filesystem::create_directories(path_, failed);
      if (failed) throw storage_error(fmt::format("{}: not made: {}", path_, failed.message()));
    });
  }
  ~OutputDirectory() {
    std::error_code not_empty;
    if (made_) std::filesystem::remove(path_, not_empty);
  }
  OutputDirectory(const OutputDirectory&) = delete;
  OutputDirectory& operator=(const OutputDirectory&) = delete;

 private:
  std::string path_;
  bool made_ = false;
};

/// A part on its way to the disk.
struct Output {
  Part part;
  std::string name;
  std::string path;
  std::unique_ptr<mpi::DatasetWriter> writer;
  DatasetShard shard;
};

std::vector<Output> stage_parts(const mpi::Communicator& comm, const Options& options) {
  std::vector<std::pair<Part, std::string>> parts = {
      {Part::train, "train"}, {Part::valid, "valid"}, {Part::test, "test"}};
  if (options.split.valid == 0) parts.erase(parts.begin() + 1);
  std::vector<Output> outputs;
  for (const auto& [part, name] : parts) {
    const std::string path = (std::filesystem::path(options.out) / name).string();
    outputs.push_back({part, name, path, std::make_unique<mpi::DatasetWriter>(comm, path, options.overwrite), {}});
  }
  return outputs;
}

std::string table_of(const std::vector<Output>& outputs) {
  std::string table = fmt::format("{:<6} {:>14} {:>12} {:>12}\n", "part", "interactions", "users", "items");
  for (const Output& output : outputs) {
    table += fmt::format("{:<6} {:>14} {:>12} {:>12}\n", output.name, output.shard.interactions, output.shard.users,
                         output.shard.items);
  }
  return table;
}

}  // namespace

int split(int argc, char** argv) {
  Options options;
  io::CommandLine command("split", description, examples);
  declare(command.app(), options);
  if (!command.parse(argc, argv)) return 0;
  options.split.validate();

  const CommandRun run(argc, argv, command.effective(), options.log_level);
  const mpi::Communicator& comm = run.world();
  const io::Stopwatch clock;

  comm.run_together([&] {
    if (comm.is_root()) io::refuse_store(options.out);
  });
  const OutputDirectory directory(comm, options.out);
  std::vector<Output> outputs = stage_parts(comm, options);
  const mpi::LoadedDataset data = mpi::load_input(comm, options.inputs, options.read, options.duplicates, RowCost{});
  const std::vector<Part> parts = mpi::split_interactions(comm, options.split, data.shard);
  for (Output& output : outputs) {
    output.shard = mpi::extract_part(comm, data.shard, parts, output.part);
    if (output.shard.interactions == 0) {
      throw mpi::AgreedError(input_error(
          fmt::format("{}: interactions = 0, expected at least 1: too few of {} interactions for this split",
                      output.path, data.shard.interactions)));
    }
  }
  for (Output& output : outputs) {
    output.writer->publish(output.shard, mpi::fingerprint_together(comm, output.shard),
                           {{"inputs", fmt::format("{}", fmt::join(options.inputs, " "))},
                            {"part", output.name},
                            {"by", scheme_name(options.split.scheme)},
                            {"seed", std::to_string(options.split.seed)}});
  }
  spdlog::info("split {} interactions in {:.2f} s", data.shard.interactions, clock.seconds());
  comm.run_together([&] {
    if (comm.is_root()) io::print_result(table_of(outputs));
  });
  return 0;
}

}  // namespace alsace::commands
