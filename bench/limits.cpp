// What the machine can do: the limits that every other bench prints its figures beside.
#include <algorithm>
#include <cstring>
#include <fstream>
#include <memory>
#include <numeric>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench/machine/loops.hpp"
#include "bench/support/program.hpp"
#include "bench/support/report.hpp"
#include "io/clock.hpp"
#include "src/data/random.hpp"
#include "src/error.hpp"

namespace {

using namespace alsace;
using namespace alsace::bench;

volatile float result_of_loops;
volatile std::uint64_t result_of_reads;

struct Unmap {
  std::size_t bytes;
  void operator()(void* memory) const { munmap(memory, bytes); }
};
using Memory = std::unique_ptr<void, Unmap>;

/// Touched by one byte a page, in huge pages where the system gives them.
Memory take_memory(std::size_t bytes) {
  void* const memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw storage_error(fmt::format("memory = {} bytes, expected as much to be free", bytes));
  madvise(memory, bytes, MADV_HUGEPAGE);
  std::memset(memory, 1, bytes);
  return {memory, Unmap{bytes}};
}

struct Rates {
  std::vector<double> one;
  std::vector<double> two;
};

/// Work a second with one and with two threads, in turn.
Rates measure(int rounds, double work_of_a_thread, const std::function<void(int)>& work) {
  Rates rates;
  for (int round = -1; round < rounds; ++round) {
    const double one = work_of_a_thread / seconds_on_threads(1, work);
    const double two = 2 * work_of_a_thread / seconds_on_threads(2, work);
    if (round < 0) continue;
    rates.one.push_back(one);
    rates.two.push_back(two);
  }
  return rates;
}

void add_rates(Report& report, const std::string& name, const std::string& unit, const Rates& rates, int digits) {
  std::vector<double> gains;
  for (std::size_t round = 0; round < rates.one.size(); ++round) gains.push_back(rates.two[round] / rates.one[round]);
  report.add(Row()
                 .text("what", name)
                 .text("unit", unit)
                 .spread("1 thread", summarize(rates.one), digits)
                 .spread("2 threads", summarize(rates.two), digits)
                 .spread("gain", summarize(gains), 2));
}

void measure_arithmetic(Report& report, const CommonOptions& options) {
  report.section("Arithmetic on registers");
  const double seconds = options.quick ? 0.005 : 0.1;
  for (const PeakLoop& loop : peak_loops()) {
    const io::Stopwatch watch;
    constexpr std::size_t few = 100'000;
    result_of_loops = loop.run(few);
    const auto iterations = static_cast<std::size_t>(static_cast<double>(few) * seconds / watch.seconds());
    add_rates(report, loop.name, loop.group == "int8" ? "GOP/s" : "GFLOP/s",
              measure(options.rounds, static_cast<double>(iterations) * loop.operations * 1e-9,
                      [&](int /*thread*/) { result_of_loops = loop.run(iterations); }),
              0);
  }
}

void measure_reads(Report& report, const CommonOptions& options) {
  report.section("Reading memory in order, each thread its own");
  constexpr std::size_t mebibyte = std::size_t{1} << 20;
  for (const std::size_t size : {mebibyte / 2, 8 * mebibyte, (options.quick ? 64 : 512) * mebibyte}) {
    const Memory memory[2] = {take_memory(size), take_memory(size)};
    const std::size_t times = std::max<std::size_t>(1, (options.quick ? 64 : 1024) * mebibyte / size);
    add_rates(report, fmt::format("{} KiB a thread", size / 1024), "GB/s",
              measure(options.rounds, static_cast<double>(times * size) * 1e-9,
                      [&](int thread) {
                        for (std::size_t i = 0; i < times; ++i) result_of_reads = read_once(memory[thread].get(), size);
                      }),
              1);
  }
}

void measure_gathers(Report& report, const CommonOptions& options) {
  report.section("Gathering rows at random, both threads from the same rows");
  for (const std::size_t rows : {26'744UL, options.quick ? 50'000UL : 1'000'000UL}) {
    const Memory memory = take_memory(rows * 128 * sizeof(float));
    std::vector<std::uint32_t> indices[2];
    for (std::uint64_t thread = 0; thread < 2; ++thread) {
      RandomStream random(1, rows, thread);
      indices[thread].resize(options.quick ? 100'000 : 2'000'000);
      for (std::uint32_t& index : indices[thread]) index = static_cast<std::uint32_t>(random.below(rows));
    }
    for (const int factors : {64, 128}) {
      for (const auto& [type, bytes] : {std::pair{"bf16", 2}, std::pair{"fp32", 4}}) {
        const auto row_bytes = static_cast<std::size_t>(factors * bytes);
        add_rates(report, fmt::format("{} rows of {} {}, {} MiB", rows, factors, type, rows * row_bytes >> 20), "GB/s",
                  measure(options.rounds, static_cast<double>(indices[0].size() * row_bytes) * 1e-9,
                          [&](int thread) {
                            result_of_reads =
                                gather_rows(memory.get(), row_bytes, indices[thread].data(), indices[thread].size());
                          }),
                  1);
      }
    }
  }
}

/// Writes and fsyncs a new file of numbers that do not compress; returns the seconds.
double write_file(const std::string& file, const std::vector<std::uint64_t>& block, int blocks) {
  const io::Stopwatch watch;
  const int descriptor = open(file.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);
  bool good = descriptor >= 0;
  const std::size_t bytes = block.size() * sizeof(std::uint64_t);
  for (int i = 0; good && i < blocks; ++i) good = write(descriptor, block.data(), bytes) == static_cast<ssize_t>(bytes);
  good = good && fsync(descriptor) == 0;
  if (descriptor >= 0) close(descriptor);
  const double seconds = watch.seconds();
  unlink(file.c_str());
  if (!good) throw storage_error(fmt::format("{}: write = failed, expected a disk with room", file));
  return seconds;
}

void measure_disk(Report& report, const CommonOptions& options, const std::string& directory) {
  report.section("Writing a file and fsync, as dd conv=fsync bs=4M does");
  std::vector<std::uint64_t> block(std::size_t{1} << 19);
  RandomStream random(1, 0, 0);
  for (std::uint64_t& number : block) number = random.next();
  const int blocks = options.quick ? 4 : 128;
  std::vector<double> rates;
  for (int round = 0; round < options.rounds; ++round)
    rates.push_back(blocks * 4.194304e-3 / write_file(directory + "/limits.tmp", block, blocks));
  report.add(Row()
                 .text("what", fmt::format("{} MiB in {}", blocks * 4, directory))
                 .text("unit", "GB/s")
                 .spread("1 thread", summarize(rates), 2));
}

}  // namespace

int main(int argc, char** argv) {
  CommonOptions options;
  std::string directory = ".";
  return run_program(
      argc, argv,
      "What the machine can do, with one and with two threads in turn: arithmetic on registers for every instruction set\n"
      "that it has, reading memory in order from each cache and DRAM, gathering factor rows, writing to disk.",
      options, [&](CLI::App& app) { app.add_option("--directory", directory, "where the disk is measured"); },
      [&] {
        Report report("limits", 1);
        measure_arithmetic(report, options);
        measure_reads(report, options);
        measure_gathers(report, options);
        measure_disk(report, options, directory);
        return report.finish(options.json);
      });
}
