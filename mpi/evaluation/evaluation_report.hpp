#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "mpi/evaluation/evaluate_model.hpp"
#include "src/evaluation/segments.hpp"

namespace alsace::mpi {

/// Metrics over all users, and over each segment.
struct Measured {
  Metrics all;
  std::vector<Metrics> segments;
  void merge(Measured&& other);
};

/// All that is printed.
struct EvaluationReport {
  std::string model;
  std::vector<Segment> segments;
  std::uint64_t users = 0;
  std::uint64_t unknown_users = 0;
  std::uint64_t interactions = 0;
  std::uint64_t unknown_items = 0;  ///< held-out interactions of known users with unknown items
  std::uint64_t seen = 0;           ///< held-out interactions that the model was trained on
  Measured model_metrics;
  Measured baseline;    ///< popularity for ranking, the bias model for ratings
  Metrics global_mean;  ///< of ratings
};

/// For programs: an object, with an array of segments where there are any.
std::string json_text(const EvaluationReport& report);
/// For people: a table, and one a segment.
std::string tables_text(const EvaluationReport& report, bool explicit_model);

}  // namespace alsace::mpi
