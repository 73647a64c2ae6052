#include "src/data/split.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <string>
#include <tuple>

#include <fmt/format.h>

#include "src/data/random.hpp"
#include "src/error.hpp"

namespace alsace {
namespace {

constexpr std::uint64_t last_key = std::numeric_limits<std::uint64_t>::max();

/// Random bits of a pair; `item` may be last_key for those of the user alone. Salted: made-up data of the same seed
/// must have nothing to do with how they are split.
std::uint64_t random_key(std::uint64_t seed, std::uint64_t user, std::uint64_t item) {
  return RandomStream(seed ^ 0x5b1a7c0de5eed5U, user, item).next();
}

/// The smallest key from which on there are at most `wanted` interactions; last_key where even that is too many.
std::uint64_t cut_for(std::uint64_t wanted, const std::function<std::uint64_t(std::uint64_t)>& count_from) {
  std::uint64_t too_many = 0;  // not known to be, but then it is never asked for
  std::uint64_t cut = last_key;
  while (too_many < cut) {
    const std::uint64_t middle = too_many + (cut - too_many) / 2;
    if (count_from(middle) <= wanted) {
      cut = middle;
    } else {
      too_many = middle + 1;
    }
  }
  return cut;
}

/// Positions of a row's interactions: those to be held out last.
std::vector<std::size_t> held_out_order(const SplitConfig& config, std::uint64_t user,
                                        std::span<const std::uint32_t> items,
                                        std::span<const std::int64_t> timestamps) {
  std::vector<std::tuple<std::uint64_t, std::uint32_t, std::size_t>> keys;
  keys.reserve(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    keys.emplace_back(split_key(config, user, items[i], timestamps.empty() ? 0 : timestamps[i]), items[i], i);
  }
  std::sort(keys.begin(), keys.end());
  std::vector<std::size_t> order;
  order.reserve(keys.size());
  for (const auto& key : keys) order.push_back(std::get<2>(key));
  return order;
}

}  // namespace

void SplitConfig::validate() const {
  std::string problems;
  const auto expect = [&](bool good, const std::string& message) {
    if (!good) problems += (problems.empty() ? "" : "\n") + message;
  };
  const bool folds_used = scheme == SplitScheme::k_fold;
  if (folds_used) {
    expect(folds >= 2 && folds <= 1000, fmt::format("--folds = {}, expected 2 to 1000", folds));
    expect(fold >= 1 && fold <= folds, fmt::format("--fold = {}, expected 1 to {} (--folds)", fold, folds));
    expect(valid == 0, fmt::format("--valid = {}, expected 0 with k-fold", valid));
  } else {
    expect(test > 0 && test < 1, fmt::format("--test = {}, expected more than 0 and less than 1", test));
    expect(valid >= 0 && valid < 1, fmt::format("--valid = {}, expected 0 to less than 1", valid));
    expect(!(test + valid >= 1), fmt::format("--test + --valid = {}, expected less than 1", test + valid));
  }
  if (!problems.empty()) throw usage_error(problems);
}

bool SplitConfig::needs_timestamps() const {
  return scheme == SplitScheme::user_temporal || scheme == SplitScheme::leave_last_out || scheme == SplitScheme::time;
}

bool SplitConfig::is_global() const {
  return scheme == SplitScheme::random || scheme == SplitScheme::time;
}

std::uint64_t fraction_of(std::uint64_t n, double fraction) {
  // A product of doubles is off by 1e-16 relative, a decimal fraction of a few digits never closer to the next integer.
  const double product = static_cast<double>(n) * fraction;
  return static_cast<std::uint64_t>(std::floor(product * (1 + 1e-12)));
}

std::uint64_t split_key(const SplitConfig& config, std::uint64_t user, std::uint32_t item, std::int64_t timestamp) {
  if (!config.needs_timestamps()) return random_key(config.seed, user, item);
  return static_cast<std::uint64_t>(timestamp) ^ (std::uint64_t{1} << 63U);  // sorts like the signed number
}

SplitCuts find_cuts(const SplitConfig& config, std::uint64_t interactions,
                    const std::function<std::uint64_t(std::uint64_t)>& count_from) {
  const std::uint64_t test = fraction_of(interactions, config.test);
  const std::uint64_t valid = fraction_of(interactions, config.valid);
  const std::uint64_t test_from = cut_for(test, count_from);
  return {.valid_from = valid == 0 ? test_from : cut_for(test + valid, count_from), .test_from = test_from};
}

std::vector<Part> split_row(const SplitConfig& config, const SplitCuts& cuts, std::uint64_t user,
                            std::span<const std::uint32_t> items, std::span<const std::int64_t> timestamps) {
  ALSACE_CHECK(timestamps.size() == items.size() || !config.needs_timestamps(),
               fmt::format("{} timestamps of {} items", timestamps.size(), items.size()));
  const std::size_t n = items.size();
  std::vector<Part> parts(n, Part::train);
  if (config.is_global()) {
    for (std::size_t i = 0; i < n; ++i) {
      const std::uint64_t key = split_key(config, user, items[i], timestamps.empty() ? 0 : timestamps[i]);
      parts[i] = key >= cuts.test_from ? Part::test : key >= cuts.valid_from ? Part::valid : Part::train;
    }
    return parts;
  }
  const std::vector<std::size_t> order = held_out_order(config, user, items, timestamps);
  if (config.scheme == SplitScheme::k_fold) {
    const std::uint64_t start = random_key(config.seed, user, last_key) % config.folds;
    for (std::size_t place = 0; place < n; ++place) {
      if ((start + place) % config.folds == config.fold - 1) parts[order[place]] = Part::test;
    }
    return parts;
  }
  std::size_t test = fraction_of(n, config.test);
  std::size_t valid = fraction_of(n, config.valid);
  if (config.scheme == SplitScheme::leave_last_out) {
    test = n >= 2 ? 1 : 0;
    valid = config.valid > 0 && n >= 3 ? 1 : 0;
  }
  for (std::size_t place = n - test - valid; place < n; ++place) {
    parts[order[place]] = place < n - test ? Part::valid : Part::test;
  }
  return parts;
}

}  // namespace alsace
