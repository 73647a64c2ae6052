#include "bench/support/measure.hpp"

#include <algorithm>
#include <atomic>
#include <ctime>
#include <thread>

#include <fmt/format.h>
#include <sched.h>

#include "io/clock.hpp"
#include "io/system.hpp"
#include "src/error.hpp"

namespace alsace::bench {
namespace {

void stay_on(std::uint32_t processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(processor, &set);
  sched_setaffinity(0, sizeof set, &set);  // where it is refused, the system places the thread: no worse than before
}

/// User and system time of this process so far.
double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

template <class Field>
double median_of(const std::vector<Probe>& probes, Field field) {
  std::vector<double> values;
  values.reserve(probes.size());
  for (const Probe& probe : probes) values.push_back(probe.*field);
  return summarize(std::move(values)).median;
}

}  // namespace

Summary summarize(std::vector<double> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  const double median = values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
  return {median, values.front(), values.back()};
}

Summary scaled(const Summary& summary, double factor) {
  return {summary.median * factor, summary.least * factor, summary.most * factor};
}

Probe Timings::median_probe() const {
  return {median_of(probes, &Probe::fp32_gflops), median_of(probes, &Probe::bf16_gflops),
          median_of(probes, &Probe::memory_gigabytes)};
}

std::vector<Timings> take_turns(const std::vector<Contestant>& contestants, int rounds, bool tells, int warm_ups) {
  std::vector<Timings> all;
  all.reserve(contestants.size());
  for (const Contestant& contestant : contestants) all.push_back({contestant.name, {}, {}, {}});
  for (int round = -warm_ups; round < rounds; ++round) {
    for (std::size_t i = 0; i < contestants.size(); ++i) {
      const Contestant& contestant = contestants[i];
      if (contestant.prepare) contestant.prepare();
      const Probe probe = tells ? probe_machine() : Probe{};
      const double cpu_before = cpu_seconds();
      const io::Stopwatch watch;
      contestant.run();
      const double cpu = cpu_seconds() - cpu_before;
      const double seconds = contestant.seconds ? contestant.seconds() : watch.seconds();
      if (tells) {
        fmt::print(stderr, "  {:<10} {:<44} {:>10.4f} s\n",
                   round < 0 ? "warm-up" : fmt::format("{} of {}", round + 1, rounds), contestant.name, seconds);
      }
      if (round < 0) continue;
      all[i].seconds.push_back(seconds);
      all[i].cpu_seconds.push_back(cpu);
      all[i].probes.push_back(probe);
    }
  }
  return all;
}

Summary ratio(const Timings& of, const Timings& to) {
  std::vector<double> ratios;
  ratios.reserve(of.seconds.size());
  for (std::size_t round = 0; round < of.seconds.size(); ++round)
    ratios.push_back(of.seconds[round] / to.seconds[round]);
  return summarize(std::move(ratios));
}

const Timings& timings_of(const std::vector<Timings>& all, const std::string& name) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const Timings& timings) { return timings.name == name; });
  ALSACE_CHECK(found != all.end(), fmt::format("name = {}", name));
  return *found;
}

double seconds_on_threads(int threads, const std::function<void(int)>& work) {
  const auto processors = io::allowed_processors();
  std::atomic<int> ready = 0;
  std::vector<double> seconds(static_cast<std::size_t>(threads));
  std::vector<std::thread> running;
  running.reserve(seconds.size());
  for (int thread = 0; thread < threads; ++thread) {
    running.emplace_back([&, thread] {
      const auto index = static_cast<std::size_t>(thread);
      if (index < processors.size()) stay_on(processors[index]);
      ++ready;
      while (ready.load() < threads) std::this_thread::yield();
      const io::Stopwatch watch;
      work(thread);
      seconds[index] = watch.seconds();
    });
  }
  for (std::thread& thread : running) thread.join();
  return *std::max_element(seconds.begin(), seconds.end());
}

}  // namespace alsace::bench
