#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "bench/support/measure.hpp"

namespace alsace::bench {

/// A line of a table: cells under named columns, and the same as a JSON object.
class Row {
 public:
  Row& text(const std::string& column, const std::string& value);
  Row& number(const std::string& column, double value, int digits);
  /// "median (least-most)"; in the JSON an object with the three.
  Row& spread(const std::string& column, const Summary& summary, int digits);
  /// By what a disturbed run is known: CPU seconds of the runs, and what the machine did right before them (medians in
  /// GFLOP/s and GB/s).
  Row& probe(const Timings& timings);

 private:
  friend class Report;
  std::vector<std::pair<std::string, std::string>> cells_;
  nlohmann::ordered_json json_ = nlohmann::ordered_json::object();
};

/// What a bench prints: tables for people on stdout, and the same as one JSON file, with everything that figures depend
/// on: commit, compiler and its flags, processor, ranks, kernel levels.
class Report {
 public:
  /// `kernel_level`: the level that the figures are of, or "" where rows name their own.
  Report(std::string bench, int ranks, const std::string& kernel_level = "");

  /// Starts a table. Rows that follow are in it; it is printed by the next section() or by finish().
  void section(const std::string& title);
  void add(Row row);
  /// A sentence under the table.
  void note(const std::string& sentence);
  /// A check of results that the timed code left behind. A failed one is printed, and finish() then returns 1.
  void verify(bool holds, const std::string& what);

  /// Prints what is left and writes `json_file` unless that is empty. Returns the exit code.
  int finish(const std::string& json_file);

 private:
  void print_section();

  nlohmann::ordered_json json_;
  std::string title_;
  std::vector<Row> rows_;
  std::vector<std::string> notes_;
  bool failed_ = false;
};

/// The processor's name as the system has it.
std::string processor_name();

}  // namespace alsace::bench
