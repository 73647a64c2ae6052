// Exact top-K search by ranks that hold parts of the items, beside one rank that has them all: what they scan and
// rescore together, and what they gain; on two ranks also what one rank gains from a second thread, and what the
// machine itself gains from its second core.
#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "bench/machine/loops.hpp"
#include "bench/support/factor_sets.hpp"
#include "bench/support/program.hpp"
#include "bench/support/rank_trainer.hpp"
#include "bench/support/report.hpp"
#include "io/clock.hpp"
#include "mpi/comm/collectives.hpp"
#include "mpi/serving/sharded_search.hpp"

namespace {

using namespace alsace;
using namespace alsace::bench;

volatile float result_of_loops;

struct RanksOptions {
  std::size_t items = 1'000'000;
  std::size_t users = 4096;
  int factors = 128;
  std::vector<std::size_t> lengths{10, 100};
  std::vector<std::size_t> batches{1, 64, 256, 1024};
  std::vector<std::string> kinds{"f", "n"};
  std::string directory;
};

/// The first users, `batch` at a time: 256 one by one, or a thousand.
std::vector<Queries> batches_of(const FactorMatrix& users, std::size_t batch) {
  const std::size_t count = std::min<std::size_t>(batch == 1 ? 256 : 1024, static_cast<std::size_t>(users.rows()));
  std::vector<Queries> batches;
  for (std::size_t first = 0; first < count; first += batch) {
    Queries queries;
    queries.count = std::min(batch, count - first);
    queries.factors = static_cast<int>(users.cols());
    const float* const row = users.row(static_cast<Eigen::Index>(first)).data();
    queries.rows.assign(row, row + queries.count * static_cast<std::size_t>(users.cols()));
    queries.excluded_offsets.assign(queries.count + 1, 0);
    batches.push_back(std::move(queries));
  }
  return batches;
}

std::size_t queries_in(const std::vector<Queries>& batches) {
  std::size_t count = 0;
  for (const Queries& queries : batches) count += queries.count;
  return count;
}

PeakLoop fastest_of(const std::string& group) {
  PeakLoop fastest;
  for (const PeakLoop& loop : peak_loops())
    if (loop.group == group) fastest = loop;
  return fastest;
}

/// The lists that a run left behind, and what it took.
struct Outcome {
  std::vector<RankedLists> lists;
  SearchCounts counts;
};

/// The items of one factor set, dealt to the ranks, and on rank 0 all of them besides.
class Comparison {
 public:
  Comparison(const mpi::Communicator& world, const FactorSet& set)
      : world_(world),
        set_(set),
        parts_(dealt({world.rank(), world.size()})),
        whole_(world.is_root() ? std::optional(dealt({})) : std::nullopt) {}

  void measure(std::optional<Report>& report, std::size_t batch, std::size_t k, int rounds) {
    const std::vector<Queries> batches = batches_of(set_.users, batch);
    Outcome alone;
    Outcome threaded;
    Outcome together;
    const int repeats = repeats_of(batches, k);
    double seconds = 0;  // of the last run, on the root
    // What the root does alone; the others sleep meanwhile.
    const auto on_root = [&](const std::string& name, const std::function<double()>& work) {
      return Contestant{name,
                        [&, work] {
                          if (world_.is_root()) seconds = work();
                          wait_asleep(world_);
                        },
                        {},
                        [&] { return seconds; }};
    };
    const auto machine = [&](int threads) {
      return seconds_on_threads(threads, [&](int /*thread*/) { result_of_loops = fastest_.run(machine_iterations); });
    };
    std::vector<Contestant> contestants{on_root(one_rank, [&] { return search(batches, k, repeats, 1, alone); }),
                                        {all_ranks, [&] { search_together(batches, k, repeats, together); }}};
    if (world_.size() == 2) {
      contestants.push_back(on_root(machine_alone, [&] { return machine(1); }));
      contestants.push_back(on_root(machine_together, [&] { return machine(2); }));
      contestants.push_back(on_root(two_threads, [&] { return search(batches, k, repeats, 2, threaded); }));
    }
    const auto all = take_turns(contestants, rounds, world_.is_root());
    const std::uint64_t scanned = mpi::all_reduce_sum(world_, together.counts.scanned);
    const std::uint64_t rescored = mpi::all_reduce_sum(world_, together.counts.rescored);
    if (!report) return;
    report->section(fmt::format("{}: {} items, K = {}, top-{}, {} at a time, {} ranks", set_.name, set_.items.rows(),
                                set_.items.cols(), k, batch, world_.size()));
    const double count = static_cast<double>(queries_in(batches));
    const auto row = [&](const std::string& name, double pairs_scanned, double pairs_rescored) {
      const Timings& timings = timings_of(all, name);
      return Row()
          .text("search", name)
          .spread("ms a query", scaled(timings.summary(), 1e3 / (count * repeats)), 4)
          .number("scanned a query", pairs_scanned / count, 0)
          .number("rescored", pairs_rescored / count, 1);
    };
    const auto whole_scanned = static_cast<double>(alone.counts.scanned);
    const auto whole_rescored = static_cast<double>(alone.counts.rescored);
    report->add(row(one_rank, whole_scanned, whole_rescored).probe(timings_of(all, one_rank)));
    const auto add_gain = [&](const std::string& name, double pairs_scanned, double pairs_rescored) {
      Row both = row(name, pairs_scanned, pairs_rescored);
      both.number("times scanned", pairs_scanned / whole_scanned, 3)
          .number("times rescored", pairs_rescored / whole_rescored, 3)
          .spread("gain", ratio(timings_of(all, one_rank), timings_of(all, name)), 2);
      if (world_.size() == 2) {
        const Summary gain = scaled(ratio(timings_of(all, machine_alone), timings_of(all, machine_together)), 2);
        both.spread("the machine's", gain, 2);
      }
      report->add(std::move(both.probe(timings_of(all, name))));
    };
    if (world_.size() == 2) {
      add_gain(two_threads, static_cast<double>(threaded.counts.scanned),
               static_cast<double>(threaded.counts.rescored));
      report->verify(alone.lists == threaded.lists, "two threads find what one finds, bit for bit");
    }
    add_gain(all_ranks, static_cast<double>(scanned), static_cast<double>(rescored));
    report->verify(alone.lists == together.lists, "the ranks find what one finds, bit for bit");
  }

 private:
  /// Some 100 ms.
  static constexpr std::size_t machine_iterations = 10'000'000;
  static constexpr const char* machine_alone = "machine: FMA, 1 thread";
  static constexpr const char* machine_together = "machine: FMA, 2 threads";
  static constexpr const char* one_rank = "1 rank";
  static constexpr const char* two_threads = "1 rank, 2 threads";
  static constexpr const char* all_ranks = "all ranks";

  [[nodiscard]] mpi::ShardedItems dealt(const mpi::ItemDeal& deal) const {
    const auto count = static_cast<std::size_t>(set_.items.rows());
    mpi::ItemDealer dealer(deal, count, static_cast<int>(set_.items.cols()), 1, deal.head_items());
    dealer.add(set_.items.data(), count, {}, 1);
    return mpi::index_items(std::move(dealer).finish(), 1, 1);
  }

  /// How often to search for all batches: what takes a few milliseconds is over before the host has given each rank a
  /// processor of its own.
  [[nodiscard]] int repeats_of(const std::vector<Queries>& batches, std::size_t k) const {
    constexpr double seconds_worth_timing = 0.1;
    Outcome outcome;
    search_together(batches, k, 1, outcome);
    const io::Stopwatch watch;
    search_together(batches, k, 1, outcome);
    return mpi::broadcast_value(world_,
                                static_cast<int>(std::clamp(seconds_worth_timing / watch.seconds(), 1.0, 64.0)));
  }

  double search(const std::vector<Queries>& batches, std::size_t k, int repeats, int threads, Outcome& outcome) const {
    const io::Stopwatch watch;
    SearchOptions options;
    options.threads = threads;
    for (int repeat = 0; repeat < repeats; ++repeat) {
      outcome = {};
      for (const Queries& queries : batches) {
        IndexSearch search(kernels_, whole_->part, queries, k, options);
        outcome.lists.push_back(search.finish());
        outcome.counts += search.counts();
      }
    }
    return watch.seconds();
  }
  void search_together(const std::vector<Queries>& batches, std::size_t k, int repeats, Outcome& outcome) const {
    for (int repeat = 0; repeat < repeats; ++repeat) {
      outcome = {};
      for (const Queries& queries : batches)
        outcome.lists.push_back(mpi::sharded_top_k(world_, {kernels_, parts_, 1}, queries, k, &outcome.counts));
    }
  }

  const mpi::Communicator& world_;
  const FactorSet& set_;
  PeakLoop fastest_ = fastest_of("fp32");
  const KernelTable& kernels_ = kernel_table(supported_kernel_levels().back());
  mpi::ShardedItems parts_;
  std::optional<mpi::ShardedItems> whole_;
};

/// As bench top_k keeps them in its --directory, or made anew.
FactorSet factor_set(const std::string& kind, const RanksOptions& options) {
  const std::string file = fmt::format("{}/{}-{}x{}.f32", options.directory, kind, options.items, options.factors);
  FactorSet set{kind, FactorMatrix(static_cast<Eigen::Index>(options.items), options.factors),
                FactorMatrix(static_cast<Eigen::Index>(options.users), options.factors)};
  if (!options.directory.empty() && load(file, set)) return set;
  return kind == "f" ? narrow_norms(options.items, options.users, options.factors)
                     : trained_norms(options.items, options.users, options.factors, 1);
}

int measure(const mpi::Communicator& world, const CommonOptions& common, const RanksOptions& options) {
  std::optional<Report> report;
  if (world.is_root()) report.emplace("top_k_ranks", world.size(), std::string(supported_kernel_levels().back()));
  for (const std::string& kind : options.kinds) {
    const FactorSet set = factor_set(kind, options);
    Comparison comparison(world, set);
    for (const std::size_t k : options.lengths)
      for (const std::size_t batch : options.batches) comparison.measure(report, batch, k, common.rounds);
  }
  return report ? report->finish(common.json) : 0;
}

}  // namespace

int main(int argc, char** argv) {
  const mpi::Environment environment(argc, argv);
  CommonOptions common;
  RanksOptions options;
  return run_program(
      argc, argv,
      "Under mpirun -np R --bind-to none: exact top-K search by R ranks, and by one alone on 1 and 2 threads, in turn.",
      common,
      [&](CLI::App& app) {
        app.add_option("--items", options.items, "items");
        app.add_option("--factors", options.factors, "K");
        app.add_option("--top", options.lengths, "items a query, several with commas")->delimiter(',');
        app.add_option("--batches", options.batches, "queries at a time, several with commas")->delimiter(',');
        app.add_option("--kinds", options.kinds, "factor sets: f (narrow norms), n (trained)")->delimiter(',');
        app.add_option("--directory", options.directory, "where bench top_k keeps factor sets; empty: nowhere");
      },
      [&] {
        if (common.quick) {
          options.items = 20'000;
          options.users = 512;
        }
        return measure(mpi::Communicator::world(), common, options);
      });
}
