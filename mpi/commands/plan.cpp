#include "src/planning/plan.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "io/export/output_file.hpp"
#include "io/export/print_result.hpp"
#include "io/options/command_line.hpp"
#include "io/options/log_option.hpp"
#include "io/options/output_option.hpp"
#include "io/planning/calibration_file.hpp"
#include "io/planning/plan_report.hpp"
#include "io/store/dataset_store.hpp"
#include "mpi/comm/kernel_choice.hpp"
#include "mpi/commands/command_run.hpp"
#include "mpi/commands/commands.hpp"
#include "mpi/planning/calibrate.hpp"
#include "src/error.hpp"
#include "src/kernels/kernel_table.hpp"

namespace alsace::commands {
namespace {

constexpr double gibibyte = 1024.0 * 1024.0 * 1024.0;

constexpr const char* examples =
    "  alsace plan --users 1000000 --items 200000 --interactions 100000000 --factors 64\n"
    "  alsace plan DATASET --factors 128 --ranks 64 --ranks-per-host 8 --memory-per-host 256\n"
    "  mpirun -np 8 alsace plan --calibrate --out here.json       then --calibration here.json\n"
    "  alsace plan DATASET --ranks 64 --bandwidth 12 --latency 5 --json | jq .memory.training_peak_bytes\n";

struct Options {
  std::string dataset;
  Workload workload;
  Cluster cluster;
  ExchangeKind exchange = ExchangeKind::auto_;
  std::optional<double> bandwidth;  // GB/s
  std::optional<double> latency;    // us
  double memory_per_host = 0;       // GiB
  double shm_per_host = 0;          // GiB
  std::string calibration;
  bool json = false;

  bool calibrate = false;
  std::string out;
  std::string directory = ".";
  std::string kernels = "auto";
  std::vector<int> at_factors = mpi::CalibrationOptions().factors;
  std::string log_level = "info";
};

void add_workload_options(CLI::App& app, Options& options) {
  Workload& workload = options.workload;
  app.add_option("dataset,--dataset", options.dataset,
                 "an imported data set, whose sizes count; or give the three below")
      ->type_name("DATASET");
  app.add_option("--users", workload.users, "number of users")->default_str("");
  app.add_option("--items", workload.items, "number of items")->default_str("");
  app.add_option("--interactions", workload.interactions, "number of (user, item) pairs")->default_str("");
  app.add_option("--factors", workload.factors, "K, the latent dimension");
  io::add_choice(app, "--objective", workload.objective,
                 {{"ials", Objective::ials}, {"hkv", Objective::hkv}, {"explicit", Objective::explicit_}},
                 "explicit keeps the biases of all rows on every rank");
  io::add_choice(app, "--precision", workload.precision,
                 {{"auto", Precision::auto_}, {"fp32", Precision::fp32}, {"bf16", Precision::bf16}},
                 "auto: bf16 where the rates are of a kernel level that has it");
  io::add_choice(
      app, "--popularity", workload.popularity,
      {{"power-law", Popularity::power_law}, {"uniform", Popularity::uniform}},
      "how interactions are spread: as synth draws them, or all rows alike, the worst case for the exchange");
}

void add_cluster_options(CLI::App& app, Options& options) {
  app.add_option("--ranks", options.cluster.ranks, "MPI ranks");
  app.add_option("--ranks-per-host", options.cluster.ranks_per_host, "ranks that share a host, its memory and network");
  app.add_option("--threads", options.cluster.threads, "threads of a rank");
  io::add_choice(
      app, "--exchange", options.exchange,
      {{"auto", ExchangeKind::auto_}, {"replicate", ExchangeKind::replicate}, {"needed", ExchangeKind::needed}},
      "all factors on every host, or on each rank those that its shard meets");
  app.add_option("--memory-per-host", options.memory_per_host, "GiB; 0: not known")->check(io::at_least_zero());
  app.add_option("--shm-per-host", options.shm_per_host, "GiB of /dev/shm; 0: half of the memory, as Linux has it")
      ->check(io::at_least_zero());
  app.add_option("--bandwidth", options.bandwidth, "GB/s that a host receives from the others, all ranks together")
      ->check(io::above_zero());
  app.add_option("--latency", options.latency, "us of a message between hosts")->check(io::above_zero());
  app.add_option("--calibration", options.calibration, "what --calibrate wrote; default: rates in the source")
      ->type_name("FILE");
  app.add_flag("--json", options.json, "a JSON object on stdout, in bytes and seconds");
}

void add_calibration_options(CLI::App& app, Options& options) {
  app.add_flag("--calibrate", options.calibrate,
               "instead of planning, measure this machine and, under mpirun, its network: some ten seconds")
      ->group("Calibration");
  app.add_option("--out", options.out, "file for what was measured")->type_name("FILE")->group("Calibration");
  app.add_option("--directory", options.directory,
                 "where checkpoints will be: some files are written and removed there")
      ->type_name("DIR")
      ->group("Calibration");
  app.add_option("--kernels", options.kernels, mpi::kernels_help)->group("Calibration");
  app.add_option("--at-factors", options.at_factors, "numbers of factors to measure at, ascending; others are between")
      ->delimiter(',')
      ->check(CLI::Range(1, 4096))
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->group("Calibration");
  io::add_log_option(app, options.log_level);
}

/// Measures and writes the calibration file. Collective: this alone starts MPI.
int run_calibration(int argc, char** argv, const Options& options, const std::string& effective) {
  if (options.out.empty()) throw usage_error("--out = nothing, expected a file for what --calibrate measures");
  io::check_output("--out", options.out, {});
  if (!std::is_sorted(options.at_factors.begin(), options.at_factors.end(), std::less_equal<>())) {
    throw usage_error(
        fmt::format("--at-factors = {}, expected numbers that ascend", fmt::join(options.at_factors, ",")));
  }
  const CommandRun run(argc, argv, effective, options.log_level);
  const mpi::Communicator& comm = run.world();
  mpi::CalibrationOptions calibration;
  calibration.kernel_level = mpi::choose_kernel_level(comm, options.kernels);
  calibration.directory = options.directory;
  calibration.factors = options.at_factors;
  const Rates rates = mpi::calibrate(comm, calibration);
  comm.run_together([&] {
    if (!comm.is_root()) return;
    rates.validate("calibration");
    io::write_report(options.out, io::to_json_text(rates));
    io::print_result(
        fmt::format("{}: rates of {} at kernel level {}\n", options.out, rates.machine, rates.kernel_level));
  });
  return 0;
}

/// The sizes of the data set, or those given, which then have to be all three.
void settle_sizes(const io::CommandLine& command, Options& options) {
  Workload& workload = options.workload;
  const bool any = command.given("users") || command.given("items") || command.given("interactions");
  if (options.dataset.empty()) {
    if (!command.given("users") || !command.given("items") || !command.given("interactions")) {
      throw usage_error("sizes = incomplete, expected --users, --items and --interactions, or a DATASET");
    }
    return;
  }
  if (any) throw usage_error("sizes = given twice, expected a DATASET or --users, --items and --interactions");
  const io::DatasetReader data(options.dataset);
  workload.users = data.info().users;
  workload.items = data.info().items;
  workload.interactions = data.info().interactions;
  workload.timestamps = data.info().has_timestamps;
}

Rates settle_rates(const Options& options) {
  Rates rates = options.calibration.empty() ? default_rates() : io::read_calibration(options.calibration);
  if (options.bandwidth) rates.between_hosts.bytes_per_second = *options.bandwidth * 1e9;
  if (options.latency) rates.between_hosts.latency_seconds = *options.latency * 1e-6;
  rates.between_hosts_measured = rates.between_hosts_measured || options.bandwidth.has_value();
  return rates;
}

void settle_precision(const Rates& rates, Workload& workload) {
  if (workload.precision != Precision::auto_) return;
  workload.precision = has_bf16_instructions(rates.kernel_level) ? Precision::bf16 : Precision::fp32;
}

}  // namespace

int plan(int argc, char** argv) {
  Options options;
  options.workload.precision = Precision::auto_;
  io::CommandLine command(
      "plan",
      "Memory, bytes moved and time a sweep of a training run, a rank, before anyone books nodes. From the sizes of the\n"
      "data structures, the expected number of rows that a shard meets, and measured rates; averages over the ranks. One\n"
      "process without MPI, but for --calibrate, which measures the rates.",
      examples);
  add_workload_options(command.app(), options);
  add_cluster_options(command.app(), options);
  add_calibration_options(command.app(), options);
  if (!command.parse(argc, argv)) return 0;
  if (options.calibrate) return run_calibration(argc, argv, options, command.effective());

  for (const std::string name : {"out", "directory", "at-factors"}) {  // ALSACE_KERNELS may be set for other commands
    if (command.given(name)) throw usage_error(fmt::format("--{} goes with --calibrate", name));
  }
  settle_sizes(command, options);
  const Rates rates = settle_rates(options);
  settle_precision(rates, options.workload);
  options.cluster.memory_per_host = options.memory_per_host * gibibyte;
  options.cluster.shared_memory_per_host = options.shm_per_host * gibibyte;
  const Plan plan = make_plan(options.workload, options.cluster, rates, options.exchange);
  io::print_result(options.json ? io::plan_as_json(options.workload, options.cluster, rates, plan)
                                : io::plan_as_text(options.workload, options.cluster, rates, plan));
  return 0;
}

}  // namespace alsace::commands
