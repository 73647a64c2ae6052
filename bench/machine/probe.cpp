#include "bench/machine/probe.hpp"

#include <cstddef>
#include <vector>

#include "bench/machine/loops.hpp"
#include "io/clock.hpp"

namespace alsace::bench {
namespace {

/// Keeps what the loops return from being optimized away.
volatile float result_of_loops;
volatile std::uint64_t result_of_reads;

/// Billions of operations a second over about 2 ms; 0 when no loop of the group runs here.
double rate_of(const std::vector<PeakLoop>& loops, const char* group) {
  const PeakLoop* fastest = nullptr;
  for (const PeakLoop& loop : loops)
    if (loop.group == group) fastest = &loop;
  if (fastest == nullptr) return 0;
  constexpr double at_once = 1e7;
  const auto iterations = static_cast<std::size_t>(at_once / fastest->operations);
  double operations = 0;
  const io::Stopwatch watch;
  while (watch.seconds() < 0.002) {
    result_of_loops = fastest->run(iterations);
    operations += static_cast<double>(iterations) * fastest->operations;
  }
  return operations / watch.seconds() * 1e-9;
}

}  // namespace

Probe probe_machine() {
  static const std::vector<PeakLoop> loops = peak_loops();
  static const std::vector<std::byte> buffer(std::size_t{1} << 26, std::byte{1});
  Probe probe;
  probe.fp32_gflops = rate_of(loops, "fp32");
  probe.bf16_gflops = rate_of(loops, "bf16");
  const io::Stopwatch watch;
  result_of_reads = read_once(buffer.data(), buffer.size());
  probe.memory_gigabytes = static_cast<double>(buffer.size()) / watch.seconds() * 1e-9;
  return probe;
}

}  // namespace alsace::bench
