#pragma once

#include <chrono>
#include <string>

namespace alsace::io {

/// Seconds since construction or the last restart().
class Stopwatch {
 public:
  [[nodiscard]] double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }
  void restart() { start_ = Clock::now(); }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_ = Clock::now();
};

/// Seconds that the calling thread has run since construction: without those in which other programs had its processor.
class ThreadStopwatch {
 public:
  ThreadStopwatch();
  [[nodiscard]] double seconds() const;

 private:
  double start_;
};

/// 2026-11-22T08:30:00Z
std::string utc_now();

}  // namespace alsace::io
