#pragma once

#include <atomic>
#include <optional>
#include <stop_token>
#include <thread>

namespace alsace::io {

/// Turns INT, TERM, USR1 and a time limit into a std::stop_token. The signals are blocked in every thread and taken by
/// one that waits for them, so no code of ours ever runs inside a signal handler. A second signal ends the process at
/// once, with what is committed by then; but the same signal within a second is taken for the first one, since launcher
/// and scheduler may both forward it.
///
/// For a service, HUP and USR2 (which mpirun passes on) are taken as well: they ask it to reload.
///
/// Construct before MPI_Init and before any thread is started: threads inherit the mask.
class StopSignals {
 public:
  /// `limit_seconds`: request a stop by itself after so long; none without.
  explicit StopSignals(std::optional<double> limit_seconds) : StopSignals(limit_seconds, false) {}
  /// Of a service that can reload.
  static StopSignals of_service() { return StopSignals(std::nullopt, true); }
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  [[nodiscard]] std::stop_token token() const { return source_.get_token(); }

  /// What asked for a stop: a signal's number, time_limit, or 0 for nothing yet. An integer, so that ranks can agree.
  [[nodiscard]] int cause() const { return cause_; }
  /// How often a reload has been asked for.
  [[nodiscard]] int reloads() const { return reloads_; }
  /// "SIGUSR1", "the time limit", … of a cause.
  static const char* describe(int cause);

  static constexpr int time_limit = 1000;  // no signal has it

 private:
  StopSignals(std::optional<double> limit_seconds, bool reloads);
  void wait(std::optional<double> limit_seconds);

  const bool takes_hangup_;
  std::stop_source source_;
  std::atomic<int> cause_{0};  // a signal's number, time_limit, or 0
  std::atomic<int> reloads_{0};
  std::atomic<bool> ending_{false};
  std::thread waiter_;
};

}  // namespace alsace::io
