#include "io/stop_signals.hpp"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <ctime>

#include <pthread.h>

namespace alsace::io {
namespace {

constexpr int wake_up = SIGUSR2;  // also ends the waiting thread from the destructor

sigset_t watched_signals(bool hangup) {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1, wake_up}) sigaddset(&set, signal);
  if (hangup) sigaddset(&set, SIGHUP);
  return set;
}

/// As the signal would have without us.
void end_process(int signal) {
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, signal);
  std::signal(signal, SIG_DFL);
  pthread_sigmask(SIG_UNBLOCK, &one, nullptr);
  std::raise(signal);
}

}  // namespace

StopSignals::StopSignals(std::optional<double> limit_seconds, bool reloads) : takes_hangup_(reloads) {
  const sigset_t set = watched_signals(takes_hangup_);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  waiter_ = std::thread([this, limit_seconds] { wait(limit_seconds); });
}

StopSignals::~StopSignals() {
  ending_ = true;
  pthread_kill(waiter_.native_handle(), wake_up);
  waiter_.join();
}

const char* StopSignals::describe(int cause) {
  switch (cause) {
    case 0:
      return "nothing";
    case time_limit:
      return "the time limit";
    case SIGINT:
      return "SIGINT";
    case SIGTERM:
      return "SIGTERM";
    default:
      return "SIGUSR1";
  }
}

void StopSignals::wait(std::optional<double> limit_seconds) {
  using Clock = std::chrono::steady_clock;
  const sigset_t set = watched_signals(takes_hangup_);
  const auto start = Clock::now();
  std::optional<Clock::time_point> first_signal;
  while (!ending_) {
    int signal = 0;
    if (limit_seconds && cause_ == 0) {
      const double left = *limit_seconds - std::chrono::duration<double>(Clock::now() - start).count();
      if (left <= 0) {
        cause_ = time_limit;
        source_.request_stop();
        continue;
      }
      timespec timeout{};
      timeout.tv_sec = static_cast<std::time_t>(left);
      timeout.tv_nsec = static_cast<long>((left - static_cast<double>(timeout.tv_sec)) * 1e9);
      signal = sigtimedwait(&set, nullptr, &timeout);
    } else {
      signal = sigwaitinfo(&set, nullptr);
    }
    if (signal == SIGHUP || signal == wake_up) ++reloads_;
    if (signal <= 0 || signal == SIGHUP || signal == wake_up) continue;  // a timeout, an interruption, or the end
    const bool forwarded_twice =
        first_signal && signal == cause_ && Clock::now() < *first_signal + std::chrono::seconds(1);
    if (forwarded_twice) continue;
    if (first_signal) end_process(signal);
    first_signal = Clock::now();
    cause_ = signal;
    source_.request_stop();
  }
}

}  // namespace alsace::io
