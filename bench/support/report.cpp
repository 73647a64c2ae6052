#include "bench/support/report.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "io/clock.hpp"
#include "io/system.hpp"
#include "src/error.hpp"
#include "src/kernels/kernel_table.hpp"

namespace alsace::bench {
namespace {

/// First line that a command of this machine prints; "" where it fails.
std::string output_of(const std::string& command) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  std::array<char, 256> line{};
  if (!pipe || std::fgets(line.data(), static_cast<int>(line.size()), pipe.get()) == nullptr) return "";
  std::string text = line.data();
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

nlohmann::ordered_json host(int ranks, const std::string& kernel_level) {
  return {{"time", io::utc_now()},
          {"commit", output_of("git -C '" ALSACE_BENCH_SOURCE "' describe --always --dirty 2>/dev/null")},
          {"compiler", ALSACE_BENCH_COMPILER},
          {"flags", ALSACE_BENCH_FLAGS},
          {"cpu", processor_name()},
          {"processors", io::allowed_processors().size()},
          {"ranks", ranks},
          {"kernel_levels", supported_kernel_levels()},
          {"kernel_level", kernel_level}};
}

nlohmann::ordered_json to_json(const Summary& summary) {
  return {{"median", summary.median}, {"least", summary.least}, {"most", summary.most}};
}

}  // namespace

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "unknown";
}

Row& Row::text(const std::string& column, const std::string& value) {
  cells_.emplace_back(column, value);
  json_[column] = value;
  return *this;
}

Row& Row::number(const std::string& column, double value, int digits) {
  cells_.emplace_back(column, fmt::format("{:.{}f}", value, digits));
  json_[column] = value;
  return *this;
}

Row& Row::spread(const std::string& column, const Summary& summary, int digits) {
  cells_.emplace_back(column, fmt::format("{:.{}f} ({:.{}f}-{:.{}f})", summary.median, digits, summary.least, digits,
                                          summary.most, digits));
  json_[column] = to_json(summary);
  return *this;
}

Row& Row::probe(const Timings& timings) {
  number("CPU s", summarize(timings.cpu_seconds).median, 3);
  const Probe probe = timings.median_probe();
  cells_.emplace_back("probe fp32/bf16/GB/s", fmt::format("{:.0f}/{:.0f}/{:.1f}", probe.fp32_gflops, probe.bf16_gflops,
                                                          probe.memory_gigabytes));
  nlohmann::ordered_json rounds = nlohmann::ordered_json::array();
  for (const Probe& each : timings.probes)
    rounds.push_back({each.fp32_gflops, each.bf16_gflops, each.memory_gigabytes});
  json_["probes"] = std::move(rounds);
  json_["rounds"] = timings.seconds;
  json_["cpu_rounds"] = timings.cpu_seconds;
  return *this;
}

Report::Report(std::string bench, int ranks, const std::string& kernel_level)
    : json_{{"bench", std::move(bench)}, {"host", host(ranks, kernel_level)}} {
  json_["sections"] = nlohmann::ordered_json::array();
  json_["verified"] = nlohmann::ordered_json::array();
  const auto& told = json_["host"];
  fmt::print("{}: {}, {} processor(s), {} rank(s); commit {}; {}; {}\n", json_["bench"].get<std::string>(),
             told["cpu"].get<std::string>(), told["processors"].get<std::size_t>(), ranks,
             told["commit"].get<std::string>(), ALSACE_BENCH_COMPILER, ALSACE_BENCH_FLAGS);
}

void Report::section(const std::string& title) {
  print_section();
  title_ = title;
}

void Report::add(Row row) {
  rows_.push_back(std::move(row));
}

void Report::note(const std::string& sentence) {
  notes_.push_back(sentence);
}

void Report::verify(bool holds, const std::string& what) {
  json_["verified"].push_back({{"what", what}, {"holds", holds}});
  notes_.push_back(fmt::format("{}: {}", holds ? "verified" : "NOT VERIFIED", what));
  failed_ = failed_ || !holds;
}

/// Columns in the order of their first appearance; a row leaves out what it does not have.
void Report::print_section() {
  if (rows_.empty() && notes_.empty()) return;
  std::vector<std::pair<std::string, std::size_t>> columns;  // name, width
  for (const Row& row : rows_) {
    for (const auto& [name, cell] : row.cells_) {
      auto column =
          std::find_if(columns.begin(), columns.end(), [&](const auto& known) { return known.first == name; });
      if (column == columns.end()) column = columns.insert(columns.end(), {name, name.size()});
      column->second = std::max(column->second, cell.size());
    }
  }
  fmt::print("\n{}\n", title_);
  std::string line;
  for (const auto& [name, width] : columns) line += fmt::format("  {:<{}}", name, width);
  if (!columns.empty()) fmt::print("{}\n", line);
  nlohmann::ordered_json section{{"title", title_}, {"rows", nlohmann::ordered_json::array()}, {"notes", notes_}};
  for (const Row& row : rows_) {
    line.clear();
    for (const auto& [name, width] : columns) {
      const auto cell =
          std::find_if(row.cells_.begin(), row.cells_.end(), [&](const auto& each) { return each.first == name; });
      line += fmt::format("  {:<{}}", cell == row.cells_.end() ? "" : cell->second, width);
    }
    fmt::print("{}\n", line);
    section["rows"].push_back(row.json_);
  }
  for (const std::string& sentence : notes_) fmt::print("  {}\n", sentence);
  std::fflush(stdout);
  json_["sections"].push_back(std::move(section));
  rows_.clear();
  notes_.clear();
}

int Report::finish(const std::string& json_file) {
  print_section();
  if (!json_file.empty()) {
    std::ofstream file(json_file);
    file << json_.dump(1) << '\n';
    file.close();
    if (!file)
      throw storage_error(fmt::format("{}: JSON = not written, expected a place that can be written", json_file));
  }
  return failed_ ? 1 : 0;
}

}  // namespace alsace::bench
