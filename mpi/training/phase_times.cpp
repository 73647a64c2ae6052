#include "mpi/training/phase_times.hpp"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/system.hpp"
#include "mpi/comm/collectives.hpp"

namespace alsace::mpi {
namespace {

constexpr std::array<const char*, phase_count> phase_names{"load",    "prepare", "solve",    "wait",      "exchange",
                                                           "gramian", "loss",    "validate", "checkpoint"};

struct RankPhases {
  std::array<double, phase_count> seconds;
  std::array<std::uint64_t, phase_count> bytes;
  std::array<std::uint64_t, phase_count> host_bytes;
  std::array<std::uint64_t, phase_count> least_bytes;
  double checkpoint_worked;
  double checkpoint_waited;
  std::uint64_t checkpoint_bytes;
  double whole;
  std::uint64_t peak_memory;
};

struct Spread {
  double least;
  double mean;
  double most;
};

template <class Field>
Spread spread_of(const std::vector<RankPhases>& ranks, Field field) {
  std::vector<double> values;
  values.reserve(ranks.size());
  for (const RankPhases& rank : ranks) values.push_back(static_cast<double>(field(rank)));
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  return {*least, std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size()), *most};
}

nlohmann::ordered_json to_json(const Spread& spread) {
  return {{"min", spread.least}, {"mean", spread.mean}, {"max", spread.most}};
}

constexpr double mebibyte = 1024.0 * 1024.0;

/// Of all ranks' checkpoints: bytes, the seconds of the rank whose threads wrote longest, and the share of the threads'
/// time in which their ranks went on.
struct Writing {
  std::uint64_t bytes = 0;
  double seconds = 0;
  double hidden = 0;
};

Writing writing_of(const std::vector<RankPhases>& ranks) {
  Writing writing;
  double worked = 0;
  double waited = 0;
  for (const RankPhases& rank : ranks) {
    writing.bytes += rank.checkpoint_bytes;
    writing.seconds = std::max(writing.seconds, rank.checkpoint_worked);
    worked += rank.checkpoint_worked;
    waited += rank.checkpoint_waited;
  }
  if (worked > 0) writing.hidden = 1 - waited / worked;
  return writing;
}

}  // namespace

void PhaseTimes::add_bytes(Phase phase, std::uint64_t received, std::uint64_t from_other_hosts,
                           std::uint64_t lower_bound) {
  bytes_[static_cast<std::size_t>(phase)] += received;
  host_bytes_[static_cast<std::size_t>(phase)] += from_other_hosts;
  least_bytes_[static_cast<std::size_t>(phase)] += lower_bound;
}

void PhaseTimes::add_checkpoint_seconds(double worked, double waited) {
  checkpoint_worked_ += worked;
  checkpoint_waited_ += waited;
}

PhaseTimes::Report PhaseTimes::report(const Communicator& comm) const {
  const auto ranks =
      all_gather(comm, RankPhases{seconds_, bytes_, host_bytes_, least_bytes_, checkpoint_worked_, checkpoint_waited_,
                                  checkpoint_bytes_, whole_.seconds(), io::peak_memory_bytes()});
  const Spread whole = spread_of(ranks, [](const RankPhases& rank) { return rank.whole; });
  const Spread memory = spread_of(ranks, [](const RankPhases& rank) { return rank.peak_memory; });

  Report report;
  report.table = fmt::format("{:<12} {:>9} {:>9} {:>9}  {:>9}  {:>12} {:>12} {:>12}\n", "phase", "min s", "mean s",
                             "max s", "max/mean", "received MiB", "other hosts", "at least MiB");
  nlohmann::ordered_json phases = nlohmann::ordered_json::object();
  for (std::size_t p = 0; p < phase_count; ++p) {
    const Spread seconds = spread_of(ranks, [p](const RankPhases& rank) { return rank.seconds[p]; });
    if (seconds.most == 0) continue;
    std::uint64_t moved = 0;
    std::uint64_t between_hosts = 0;
    std::uint64_t least = 0;
    for (const RankPhases& rank : ranks) {
      moved += rank.bytes[p];
      between_hosts += rank.host_bytes[p];
      least += rank.least_bytes[p];
    }
    report.table += fmt::format("{:<12} {:>9.3f} {:>9.3f} {:>9.3f}  {:>9.2f}", phase_names[p], seconds.least,
                                seconds.mean, seconds.most, seconds.most / seconds.mean);
    if (moved > 0) {
      report.table += fmt::format("  {:>12.2f} {:>12.2f} {:>12.2f}", static_cast<double>(moved) / mebibyte,
                                  static_cast<double>(between_hosts) / mebibyte, static_cast<double>(least) / mebibyte);
    }
    report.table += '\n';
    phases[phase_names[p]] = {{"seconds", to_json(seconds)},
                              {"imbalance", seconds.most / seconds.mean},
                              {"received_bytes", moved},
                              {"received_from_other_hosts_bytes", between_hosts},
                              {"lower_bound_bytes", least}};
  }
  const Spread other = spread_of(ranks, [](const RankPhases& rank) {
    return rank.whole - std::accumulate(rank.seconds.begin(), rank.seconds.end(), 0.0);
  });
  report.table += fmt::format("{:<12} {:>9.3f} {:>9.3f} {:>9.3f}\n", "other", other.least, other.mean, other.most);
  report.table += fmt::format("{:<12} {:>9.3f} {:>9.3f} {:>9.3f}\n", "whole run", whole.least, whole.mean, whole.most);
  report.table += fmt::format("peak memory  {:>8.0f}M {:>8.0f}M {:>8.0f}M  a rank\n", memory.least / mebibyte,
                              memory.mean / mebibyte, memory.most / mebibyte);
  if (const Writing writing = writing_of(ranks); writing.bytes > 0) {
    report.table +=
        fmt::format("checkpoints  {:.1f} MiB written in {:.3f} s by threads, {:.0f} % of it behind solving\n",
                    static_cast<double>(writing.bytes) / mebibyte, writing.seconds, 100 * writing.hidden);
    phases["checkpoint"]["written_bytes"] = writing.bytes;
    phases["checkpoint"]["thread_seconds"] = writing.seconds;
    phases["checkpoint"]["hidden"] = writing.hidden;
  }
  report.json = nlohmann::ordered_json{{"ranks", comm.size()},
                                       {"seconds", to_json(whole)},
                                       {"peak_memory_bytes", to_json(memory)},
                                       {"phases", phases}}
                    .dump(2) +
                "\n";
  return report;
}

}  // namespace alsace::mpi
