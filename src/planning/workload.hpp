#pragma once

#include <cstdint>

#include "src/als/config.hpp"

/// What `plan` is asked about. Nothing here is measured or read: values in, values out.
namespace alsace {

/// How interactions are spread over users and items: as `synth` draws them, or all rows alike, which is the most that
/// any data of that size can make a shard need (see row_lengths.hpp).
enum class Popularity { power_law, uniform };

enum class ExchangeKind { auto_, replicate, needed };

struct Workload {
  std::uint64_t users = 0;
  std::uint64_t items = 0;
  std::uint64_t interactions = 0;
  int factors = 64;  ///< K
  Objective objective = Objective::ials;
  Biases biases = Biases::full;  ///< explicit alone has them
  Solver solver = Solver::auto_;
  Precision precision = Precision::fp32;  ///< not auto
  Popularity popularity = Popularity::power_law;
  bool timestamps = false;   ///< the data set has them: 8 bytes an interaction while it is loaded
  double user_id_bytes = 0;  ///< mean length of an id; 0: of the numbers from 1
  double item_id_bytes = 0;

  /// Throws ErrorKind::usage with every field that is out of range, one a line.
  void validate() const;
};

/// The ranks that a run is to have. Hosts are filled one after the other.
struct Cluster {
  int ranks = 1;
  int ranks_per_host = 1;
  int threads = 1;                    ///< a rank
  double memory_per_host = 0;         ///< bytes; 0: not known
  double shared_memory_per_host = 0;  ///< bytes of /dev/shm; 0: half of the memory, as Linux has it

  /// Throws ErrorKind::usage with every field that is out of range, one a line.
  void validate() const;

  [[nodiscard]] int hosts() const { return (ranks + ranks_per_host - 1) / ranks_per_host; }
  /// Ranks on the fullest host.
  [[nodiscard]] int ranks_on_host() const { return ranks < ranks_per_host ? ranks : ranks_per_host; }
};

/// Mean length of the decimal numbers from 1 to `rows`.
double mean_digits(std::uint64_t rows);

}  // namespace alsace
