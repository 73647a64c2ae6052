#include "io/clock.hpp"

#include <ctime>

#include <fmt/chrono.h>

namespace alsace::io {
namespace {

double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

}  // namespace

ThreadStopwatch::ThreadStopwatch() : start_(thread_seconds()) {}

double ThreadStopwatch::seconds() const {
  return thread_seconds() - start_;
}

std::string utc_now() {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
}

}  // namespace alsace::io
