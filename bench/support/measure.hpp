#pragma once

#include <functional>
#include <string>
#include <vector>

#include "bench/machine/probe.hpp"

/// How the benches take time. Not Google Benchmark: it runs one thing until its time settles and then the next, and on
/// a shared machine, whose speed changes from one second to the next by up to 4, the quotient of two such times says
/// nothing. Here those that are compared take turns, and a ratio is that of neighbours.
namespace alsace::bench {

/// Median and spread of what the rounds gave.
struct Summary {
  double median = 0;
  double least = 0;
  double most = 0;
};
Summary summarize(std::vector<double> values);

/// The same in another unit: each value times `factor`.
Summary scaled(const Summary& summary, double factor);

/// One of the things that are compared.
struct Contestant {
  std::string name;
  std::function<void()> run;           ///< this is timed
  std::function<void()> prepare = {};  ///< before each run, not timed; may be empty
  /// The seconds of a run, for those that time a part of it themselves; empty: the wall time of run().
  std::function<double()> seconds = {};
};

/// What one contestant came to: a number of each round.
struct Timings {
  std::string name;
  std::vector<double> seconds;
  std::vector<double> cpu_seconds;  ///< of all threads; fewer than `seconds` of one thread: something else ran
  std::vector<Probe> probes;        ///< of the machine, right before each run

  [[nodiscard]] Summary summary() const { return summarize(seconds); }
  [[nodiscard]] Probe median_probe() const;
};

/// Takes turns: `warm_ups` rounds that do not count, then `rounds` that do. In every round each contestant runs once,
/// in order, after a probe of the machine. A line of progress a run goes to stderr, unless `tells` is false: under MPI
/// one rank speaks.
std::vector<Timings> take_turns(const std::vector<Contestant>& contestants, int rounds, bool tells = true,
                                int warm_ups = 1);

/// The quotients of the rounds: time of one over time of another in the same round.
Summary ratio(const Timings& of, const Timings& to);

/// The timings of a name; there must be one.
const Timings& timings_of(const std::vector<Timings>& all, const std::string& name);

/// Runs work(thread) on that many threads at once, each bound to a processor of its own where there are enough, and
/// returns the seconds of the slowest from a common start.
double seconds_on_threads(int threads, const std::function<void(int)>& work);

}  // namespace alsace::bench
