#pragma once

#include <cstddef>
#include <string>

#include "src/matrix.hpp"

namespace alsace::bench {

/// Items and users that ask for them.
struct FactorSet {
  std::string name;
  FactorMatrix items;
  FactorMatrix users;
};

/// Norms of items that differ little (log-normal, σ = 0.32), clusters of 500 items, a spectrum that decays as 1/√k;
/// users are mixtures of a few items and noise, of length 1. The hard case: an item's norm hardly tells what it scores.
FactorSet narrow_norms(std::size_t items, std::size_t users, int factors);

/// What three sweeps of ALS (hkv, α = 10, λ = 1) make of a made-up click log, ten clicks an item, two fifths as many
/// users as items: norms follow popularity.
FactorSet trained_norms(std::size_t items, std::size_t users, int factors, int threads);

/// Fills the matrices, whose sizes are given, with what save wrote; false where no file of that size is.
bool load(const std::string& file, FactorSet& set);
void save(const std::string& file, const FactorSet& set);

}  // namespace alsace::bench
