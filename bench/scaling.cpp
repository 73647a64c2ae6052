// What a second core gains: 2 ranks × 1 thread and 1 rank × 2 threads against one core, beside what the machine gains.
#include <memory>
#include <optional>

#include <fmt/format.h>

#include "bench/machine/loops.hpp"
#include "bench/support/local_trainer.hpp"
#include "bench/support/program.hpp"
#include "bench/support/rank_trainer.hpp"
#include "bench/support/report.hpp"
#include "src/data/random.hpp"
#include "src/error.hpp"

namespace {

using namespace alsace;
using namespace alsace::bench;

volatile float result_of_loops;
volatile std::uint64_t result_of_reads;

/// Work of the machine alone, once a thread.
class MachineWork {
 public:
  explicit MachineWork(bool quick) : rows_(std::size_t{1} << 25, std::byte{1}) {
    for (const PeakLoop& loop : peak_loops())
      if (loop.group == "fp32") fastest_ = loop;
    const double operations = quick ? 1e8 : 3e10;
    iterations_ = static_cast<std::size_t>(operations / fastest_->operations);
    RandomStream random(1, 0, 0);
    indices_.resize(quick ? 100'000 : 10'000'000);
    for (std::uint32_t& index : indices_) index = static_cast<std::uint32_t>(random.below(rows_.size() / row_bytes));
  }
  double compute(int threads) const {
    return seconds_on_threads(threads, [&](int /*thread*/) { result_of_loops = fastest_->run(iterations_); });
  }
  double gather(int threads) const {
    return seconds_on_threads(threads, [&](int /*thread*/) {
      result_of_reads = gather_rows(rows_.data(), row_bytes, indices_.data(), indices_.size());
    });
  }

 private:
  static constexpr std::size_t row_bytes = 256;  // 64 floats
  std::vector<std::byte> rows_;
  std::vector<std::uint32_t> indices_;
  std::optional<PeakLoop> fastest_;
  std::size_t iterations_ = 0;
};

void report_scaling(Report& report, const std::vector<Timings>& all, const Interactions& data, int factors) {
  const auto gain = [&](const std::string& one, const std::string& two, double work) {
    return scaled(ratio(timings_of(all, one), timings_of(all, two)), work);
  };
  const Summary compute = gain("machine: FMA, 1 thread", "machine: FMA, 2 threads", 2);
  const Summary memory = gain("machine: gather, 1 thread", "machine: gather, 2 threads", 2);
  report.section(fmt::format("What the second core gains: {}, K = {}", data.name, factors));
  for (const auto& [name, summary] : {std::pair{"the machine, FMA on registers", compute},
                                      std::pair{"the machine, gathering rows of 256 bytes", memory}})
    report.add(Row().text("gain of", name).spread("gain", summary, 3));
  for (const auto& name : {"2 ranks x 1 thread", "1 rank x 2 threads"}) {
    const Summary summary = gain("1 rank x 1 thread", name, 1);
    report.add(Row()
                   .text("gain of", name)
                   .spread("gain", summary, 3)
                   .number("of the machine's FMA", summary.median / compute.median, 3)
                   .number("of its gather", summary.median / memory.median, 3)
                   .spread("seconds a sweep", timings_of(all, name).summary(), 3)
                   .probe(timings_of(all, name)));
  }
}

int measure(const mpi::Communicator& world, const CommonOptions& options, const std::vector<int>& factors) {
  if (world.size() != 2) throw usage_error(fmt::format("ranks = {}, expected 2: mpirun -np 2 scaling", world.size()));
  const mpi::Communicator alone = world.split(world.rank(), 0);
  const KernelTable& kernels = kernel_table(supported_kernel_levels().back());
  const Interactions data = made_up(twenty_million(options.quick));
  const MachineWork machine(options.quick);
  std::optional<Report> report;
  if (world.is_root()) report.emplace("scaling", 2, std::string(kernels.level));

  for (const int k : factors) {
    TrainConfig config = yardstick_config(k);
    config.precision = resolve_precision(Precision::auto_);
    RankTrainer both(world, config, kernels, data, 1);
    std::vector<std::unique_ptr<RankTrainer>> single;
    if (world.is_root())
      for (const int threads : {1, 2})
        single.push_back(std::make_unique<RankTrainer>(alone, config, kernels, data, threads));

    double seconds = 0;  // of the last run, on the root
    // What the root does alone; the other rank sleeps meanwhile.
    const auto on_root = [&](const std::string& name, std::function<double()> work) {
      return Contestant{name,
                        [&, work = std::move(work)] {
                          if (world.is_root()) seconds = work();
                          wait_asleep(world);
                        },
                        {},
                        [&] { return seconds; }};
    };
    const auto sweep_on_root = [&](std::size_t which) {
      return [&, which] {
        single[which]->sweep();
        return single[which]->account().seconds;
      };
    };
    const std::vector<Contestant> contestants{
        on_root("machine: FMA, 1 thread", [&] { return machine.compute(1); }),
        on_root("machine: FMA, 2 threads", [&] { return machine.compute(2); }),
        on_root("machine: gather, 1 thread", [&] { return machine.gather(1); }),
        on_root("machine: gather, 2 threads", [&] { return machine.gather(2); }),
        on_root("1 rank x 1 thread", sweep_on_root(0)),
        {"2 ranks x 1 thread", [&] { both.sweep(); }, {}, [&] { return both.account().seconds; }},
        on_root("1 rank x 2 threads", sweep_on_root(1))};
    const auto all = take_turns(contestants, options.rounds, world.is_root());
    if (!world.is_root()) continue;
    report_scaling(*report, all, data, k);
    report->verify(both.loss() == single[0]->loss() && both.loss() == single[1]->loss(),
                   "all three have the same loss, to the bit");
  }
  return world.is_root() ? report->finish(options.json) : 0;
}

}  // namespace

int main(int argc, char** argv) {
  const mpi::Environment environment(argc, argv);
  CommonOptions options;
  std::vector<int> factors{64, 128};
  return run_program(
      argc, argv,
      "Under mpirun -np 2 --bind-to none: sweeps by 2 ranks x 1 thread, 1 rank x 2 threads and one core, in turn, and what\n"
      "the machine itself gains from its second core in the same minutes (it may be a second thread of one core).",
      options, [&](CLI::App& app) { app.add_option("--factors", factors, "K, several with commas")->delimiter(','); },
      [&] {
        const mpi::Communicator world = mpi::Communicator::world();
        return measure(world, options, factors);
      });
}
