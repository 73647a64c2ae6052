#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "io/clock.hpp"
#include "mpi/comm/communicator.hpp"

namespace alsace::mpi {

/// What a training run spends its time on, in the order of the end-of-run table. `prepare` is the transpose and the
/// bias model, `wait` what a rank waits for slower ones after a half-sweep, `exchange` what it then still waits for
/// rows on their way: most travel while others are solved.
enum class Phase { load, prepare, solve, wait, exchange, gramian, loss, validate, checkpoint };
inline constexpr std::size_t phase_count = 9;

/// Seconds and bytes of each phase on this rank.
class PhaseTimes {
 public:
  /// Adds the time of its own life to a phase.
  class Scope {
   public:
    Scope(PhaseTimes& times, Phase phase) : times_(times), phase_(phase) {}
    ~Scope() { times_.seconds_[static_cast<std::size_t>(phase_)] += watch_.seconds(); }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    PhaseTimes& times_;
    Phase phase_;
    io::Stopwatch watch_;
  };

  [[nodiscard]] Scope measure(Phase phase) { return {*this, phase}; }

  /// Bytes that this rank received in a phase, those of them that came from another host, and the fewest that could
  /// have come.
  void add_bytes(Phase phase, std::uint64_t received, std::uint64_t from_other_hosts, std::uint64_t lower_bound);

  /// A part of a checkpoint took a thread `worked` seconds, for `waited` of which the rank stood still.
  void add_checkpoint_seconds(double worked, double waited);
  void add_checkpoint_bytes(std::uint64_t bytes) { checkpoint_bytes_ += bytes; }

  /// Both forms of the end-of-run report: time of each phase as least, mean and most over the ranks, imbalance (most
  /// over mean), bytes received beside their lower bound, how much of writing checkpoints was hidden behind solving,
  /// and peak memory of the ranks. Collective.
  struct Report {
    std::string table;  ///< for people
    std::string json;   ///< for programs
  };
  [[nodiscard]] Report report(const Communicator& comm) const;

 private:
  std::array<double, phase_count> seconds_{};
  std::array<std::uint64_t, phase_count> bytes_{};
  std::array<std::uint64_t, phase_count> host_bytes_{};
  std::array<std::uint64_t, phase_count> least_bytes_{};
  double checkpoint_worked_ = 0;
  double checkpoint_waited_ = 0;
  std::uint64_t checkpoint_bytes_ = 0;
  io::Stopwatch whole_;
};

}  // namespace alsace::mpi
