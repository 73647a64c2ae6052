// What the ranks exchange in a sweep, how long they wait for it, and how many bytes beside the fewest possible.
#include <memory>

#include <fmt/format.h>

#include "bench/support/local_trainer.hpp"
#include "bench/support/program.hpp"
#include "bench/support/rank_trainer.hpp"
#include "bench/support/report.hpp"

namespace {

using namespace alsace;
using namespace alsace::bench;

struct Way {
  mpi::Exchange kind;
  bool overlap;
  Precision precision;

  [[nodiscard]] std::string name() const {
    return fmt::format("{} {}{}", mpi::name_of(kind), name_of(precision), overlap ? "" : ", sent at the end");
  }
};

int measure(const mpi::Communicator& world, const CommonOptions& options, int factors, int ranks_per_host) {
  const std::string_view level = supported_kernel_levels().back();
  const Interactions data = made_up(twenty_million(options.quick));
  std::vector<Way> ways;
  for (const Precision precision : {Precision::fp32, Precision::bf16})
    for (const mpi::Exchange kind : {mpi::Exchange::replicate, mpi::Exchange::needed})
      for (const bool overlap : {true, false}) ways.push_back({kind, overlap, precision});

  std::vector<std::unique_ptr<RankTrainer>> trainers;
  std::vector<std::vector<RankTrainer::Account>> accounts(ways.size());
  std::vector<Contestant> contestants;
  for (std::size_t i = 0; i < ways.size(); ++i) {
    TrainConfig config = yardstick_config(factors);
    config.precision = ways[i].precision;
    mpi::ExchangeOptions exchange;
    exchange.kind = ways[i].kind;
    exchange.overlap = ways[i].overlap;
    exchange.ranks_per_host = ranks_per_host;
    trainers.push_back(std::make_unique<RankTrainer>(world, config, kernel_table(level), data, 1, exchange));
    const auto run = [&, i, trainer = trainers.back().get()] {
      trainer->sweep();
      accounts[i].push_back(trainer->account());
    };
    contestants.push_back(
        {ways[i].name(), run, {}, [trainer = trainers.back().get()] { return trainer->account().seconds; }});
  }
  const auto all = take_turns(contestants, options.rounds, world.is_root());
  if (!world.is_root()) return 0;

  Report report("exchange", world.size(), std::string(level));
  report.section(fmt::format("Sweeps by each exchange: {}, K = {}, {} rank(s), {}", data.name, factors, world.size(),
                             ranks_per_host == 0 ? "hosts as they are" : fmt::format("{} a host", ranks_per_host)));
  for (std::size_t i = 0; i < ways.size(); ++i) {
    const RankTrainer::Account& last = accounts[i].back();
    std::vector<double> exchange;
    for (const auto& account : accounts[i]) exchange.push_back(account.exchange * 1e3);
    exchange.erase(exchange.begin());  // the warm-up
    report.add(Row()
                   .text("exchange", ways[i].name())
                   .spread("seconds a sweep", all[i].summary(), 3)
                   .spread("ms until all rows are here", summarize(std::move(exchange)), 2)
                   .number("received MB", last.received * 1e-6, 2)
                   .number("at least MB", last.least * 1e-6, 2)
                   .probe(all[i]));
    report.verify(last.received <= 1.05 * last.least,
                  fmt::format("{} moves at most 1.05 of the fewest possible bytes", ways[i].name()));
    const std::size_t first = ways[i].precision == ways.front().precision ? 0 : ways.size() / 2;
    report.verify(trainers[i]->loss() == trainers[first]->loss(),
                  fmt::format("{} has the loss of {}, to the bit", ways[i].name(), ways[first].name()));
  }
  return report.finish(options.json);
}

}  // namespace

int main(int argc, char** argv) {
  const mpi::Environment environment(argc, argv);
  CommonOptions options;
  int factors = 64;
  int ranks_per_host = 1;
  return run_program(
      argc, argv,
      "Sweeps of the trainer under mpirun by every exchange, with and without overlap, in turn: seconds, what is waited\n"
      "for at the end, and bytes received beside the fewest possible.",
      options,
      [&](CLI::App& app) {
        app.add_option("--factors", factors, "K");
        app.add_option("--ranks-per-host", ranks_per_host,
                       "so many ranks count as a host; 1: none share memory, and all rows travel; 0: ask MPI");
      },
      [&] {
        const mpi::Communicator world = mpi::Communicator::world();
        return measure(world, options, factors, ranks_per_host);
      });
}
