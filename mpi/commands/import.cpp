#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "io/clock.hpp"
#include "io/export/print_result.hpp"
#include "io/log/log.hpp"
#include "io/options/command_line.hpp"
#include "io/options/log_option.hpp"
#include "io/options/reader_flags.hpp"
#include "io/store/dataset_store.hpp"
#include "io/text.hpp"
#include "mpi/commands/command_run.hpp"
#include "mpi/commands/commands.hpp"
#include "mpi/data/dataset_writer.hpp"
#include "mpi/data/load_input.hpp"

namespace alsace::commands {
namespace {

constexpr const char* description =
    "Reads raw interactions and writes a sharded data set that train, split and evaluate take.\n\n"
    "An input is delimited text, a row an interaction: CSV, TSV, semicolons or MovieLens ::, with or without a header,\n"
    "plain or gzip. Every rank reads its own part of the plain files; a gzip file is read by one rank, so many files\n"
    "of about equal size read fastest. Rows of one user and item are merged. Users and items are put in index order:\n"
    "by number when all ids of the side are digits, else by their bytes. The result is the same at any rank count.\n\n"
    "An id is valid UTF-8 of 1 to 512 bytes without control characters, and comes back as it went in.";

constexpr const char* examples =
    "  alsace import ratings.csv --out data                        one process\n"
    "  mpirun -np 4 alsace import day-*.csv.gz --out data          4 ranks, many files, one data set\n"
    "  alsace import plays.tsv --out data --value-column 4         the strength is in the 4th column\n"
    "  alsace import dirty.csv --out data --on-bad-row skip --reject-file dirty.rejected\n";

struct Options {
  std::vector<std::string> inputs;
  std::string out;
  io::ReadOptions read;
  Duplicates duplicates = Duplicates::sum;
  bool overwrite = false;
  std::string log_level = "info";
};

void declare(CLI::App& app, Options& options) {
  app.add_option("input,--input", options.inputs, "raw files")
      ->type_name("INPUT...")
      ->required()
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->default_str("");
  app.add_option("--out", options.out, "directory of the data set")->type_name("DATASET")->required();
  app.add_flag("--overwrite", options.overwrite, "replace a data set that is there");
  io::add_reader_options(app, options.read, options.duplicates, io::DuplicatesDefault::sum);
  io::add_log_option(app, options.log_level);
}

std::string report_text(const mpi::LoadedDataset& data, const std::string& out) {
  const mpi::ImportReport& report = data.report;
  const DatasetShard& shard = data.shard;
  const double cells = static_cast<double>(shard.users) * static_cast<double>(shard.items);
  std::string text = fmt::format("rows read      {}\n", report.rows_read);
  text += fmt::format("rows skipped   {}{}\n", report.rows_bad,
                      report.first_bad.empty() ? "" : fmt::format("  (first: {})", report.first_bad));
  text += fmt::format("rows merged    {}\n", report.rows_merged);
  text += fmt::format("users          {}\n", shard.users);
  text += fmt::format("items          {}\n", shard.items);
  text += fmt::format("interactions   {}\n", shard.interactions);
  text += fmt::format("density        {:.4g} %\n", 100.0 * static_cast<double>(shard.interactions) / cells);
  text += fmt::format("fingerprint    {}\n", io::to_hex(data.fingerprint));
  text += fmt::format("data set       {}\n", out);
  return text;
}

}  // namespace

int import(int argc, char** argv) {
  Options options;
  io::CommandLine command("import", description, examples);
  declare(command.app(), options);
  if (!command.parse(argc, argv)) return 0;

  const CommandRun run(argc, argv, command.effective(), options.log_level);
  const mpi::Communicator& world = run.world();
  const io::Stopwatch clock;

  mpi::DatasetWriter writer(world, options.out, options.overwrite);
  mpi::LoadedDataset data = mpi::load_input(world, options.inputs, options.read, options.duplicates, RowCost{});
  spdlog::info("read {} rows in {:.2f} s", data.report.rows_read, clock.seconds());

  std::map<std::string, std::string> origin;
  origin["inputs"] = io::joined(options.inputs, " ");
  origin["rows_read"] = std::to_string(data.report.rows_read);
  origin["rows_skipped"] = std::to_string(data.report.rows_bad);
  origin["rows_merged"] = std::to_string(data.report.rows_merged);
  writer.publish(data.shard, data.fingerprint, origin);
  spdlog::info("wrote {} in {} shards after {:.2f} s", options.out, world.size(), clock.seconds());
  world.run_together([&] {
    if (world.is_root()) io::print_result(report_text(data, options.out));
  });
  return 0;
}

}  // namespace alsace::commands
