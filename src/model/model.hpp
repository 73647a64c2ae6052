#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "src/als/config.hpp"
#include "src/data/id_list.hpp"
#include "src/data/ids.hpp"
#include "src/matrix.hpp"

namespace alsace {

/// What one sweep left behind. Everything but `seconds` is bit-identical at any rank and thread count.
struct SweepRecord {
  int sweep = 0;
  double loss = 0;
  double seconds = 0;                     ///< wall time of the sweep, validation included
  std::map<std::string, double> metrics;  ///< of the validation data, by name: "ndcg@100"
  friend bool operator==(const SweepRecord&, const SweepRecord&) = default;
};

/// Early stopping, as far as it has come. Part of every checkpoint, so that a resumed run decides as an undisturbed
/// one.
struct EarlyStopping {
  std::string metric;  ///< "" without validation data
  int best_sweep = 0;  ///< 0: none yet
  double best_value = 0;
  int sweeps_without_gain = 0;
  friend bool operator==(const EarlyStopping&, const EarlyStopping&) = default;
};

/// 128 bits over the content of a data set (ids and values in index order, whatever the shards).
struct Fingerprint {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
};

/// What every rank knows of a model: all but the rows.
struct ModelInfo {
  TrainConfig config;
  std::string kernel_level;  ///< of the run that trained the last sweep
  int solver_costs = 0;      ///< solver_costs_version of that run; 0: before there was a choice
  std::uint64_t users = 0;
  std::uint64_t items = 0;
  std::uint64_t interactions = 0;
  Fingerprint data;
  Fingerprint valid;          ///< of the validation data; zero without
  std::string valid_metrics;  ///< what is measured after each sweep, commas between; "" without validation data
  int sweep = 0;
  bool complete = false;  ///< all sweeps done, or stopped early: a further run has nothing to do
  std::vector<SweepRecord> history;
  EarlyStopping early_stopping;
  double mean = 0;          ///< μ of the explicit objective
  GramMatrix user_gramian;  ///< XᵀX, K × K
  GramMatrix item_gramian;  ///< YᵀY, K × K
};

/// One rank's rows of a model. The user range and the item range have nothing to do with each other.
struct ModelShard {
  RowRange users;
  IdList user_ids;
  FactorMatrix user_factors;        ///< users.size() × K
  std::vector<double> user_biases;  ///< one a user for explicit with full biases, else empty
  /// Items each user has interacted with, ascending: offsets are local (users.size() + 1, the first 0).
  std::vector<std::uint64_t> seen_offsets{0};
  std::vector<std::uint32_t> seen_items;
  std::uint64_t first_interaction = 0;  ///< seen items of all users before this shard's

  RowRange items;
  IdList item_ids;
  FactorMatrix item_factors;        ///< items.size() × K
  std::vector<double> item_biases;  ///< one an item for explicit with full biases, else empty
};

}  // namespace alsace
