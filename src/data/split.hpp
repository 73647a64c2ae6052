#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

/// Which interaction goes to which part of a data set. Everything is decided by the content (global indices,
/// timestamps) and the seed, so that the same data give the same parts however they are sharded.
namespace alsace {

enum class SplitScheme {
  user_random,  ///< of a user's n interactions ⌊n·test⌋ at random are for test, ⌊n·valid⌋ of the others for valid
  user_temporal,   ///< the same numbers, but the last ones by time; the valid ones come just before the test ones
  leave_last_out,  ///< a user's last interaction is for test, with valid > 0 the one before for valid; one stays
  random,          ///< ⌊N·test⌋ of all N interactions at random, then ⌊N·valid⌋
  time,            ///< as many of the last of all N interactions as keep equal times together
  k_fold           ///< a user's interactions in random order go to the folds in turn; one fold is for test
};

enum class Part : std::uint8_t { train, valid, test };

struct SplitConfig {
  SplitScheme scheme = SplitScheme::user_random;
  double test = 0.2;
  double valid = 0;
  std::uint64_t folds = 5;
  std::uint64_t fold = 1;  ///< 1 to folds: the one for test
  std::uint64_t seed = 1;

  /// Throws ErrorKind::usage with every field that is out of range, one a line.
  void validate() const;
  [[nodiscard]] bool needs_timestamps() const;
  /// random and time are decided by one order of all interactions, the others user by user.
  [[nodiscard]] bool is_global() const;
};

/// ⌊n·fraction⌋ where the fraction is meant as the decimal number it was written as: 100 · 0.29 is 29.
std::uint64_t fraction_of(std::uint64_t n, double fraction);

/// The place of an interaction in the order of all interactions: random bits, or the time. Two pairs that share random
/// bits (once in 2^64) go to the same part.
std::uint64_t split_key(const SplitConfig& config, std::uint64_t user, std::uint32_t item, std::int64_t timestamp);

/// Interactions with keys from test_from on are for test, others from valid_from on for valid.
struct SplitCuts {
  std::uint64_t valid_from = 0;
  std::uint64_t test_from = 0;
};

/// The cuts of a global scheme. `count_from(key)`: interactions whose key is at least that, over all ranks; at most 128
/// calls.
SplitCuts find_cuts(const SplitConfig& config, std::uint64_t interactions,
                    const std::function<std::uint64_t(std::uint64_t)>& count_from);

/// The parts of one user's interactions. `timestamps`: one an item where the scheme needs them; equal times are ordered
/// by item. `cuts` is for the global schemes only. O(n log n).
std::vector<Part> split_row(const SplitConfig& config, const SplitCuts& cuts, std::uint64_t user,
                            std::span<const std::uint32_t> items, std::span<const std::int64_t> timestamps);

}  // namespace alsace
