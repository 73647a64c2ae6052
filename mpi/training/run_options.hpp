#pragma once

#include <string>
#include <vector>

#include "io/readers/read_options.hpp"
#include "mpi/training/exchange_options.hpp"
#include "src/data/interaction.hpp"

namespace alsace::mpi {

enum class Resume { auto_, never, must };

/// How a training run runs. Nothing in here changes the numbers of the model.
struct RunOptions {
  std::vector<std::string> inputs;
  std::string model;
  std::vector<std::string> valid;          ///< held-out inputs; empty: no validation
  std::vector<std::string> valid_metrics;  ///< of `valid`, at least one; the first decides early stopping
  std::string init_items;                  ///< .npy of items × K, "" for random
  io::ReadOptions read;
  Duplicates duplicates = Duplicates::sum;
  Resume resume = Resume::auto_;
  bool overwrite = false;
  int checkpoint_every = 5;
  int keep = 2;
  int threads = 0;  ///< 0: this rank's share of the processors it may run on
  std::string kernel_level;
  ExchangeOptions exchange;
  std::string report_json;  ///< where the end-of-run report goes as JSON, "" for nowhere
};

}  // namespace alsace::mpi
