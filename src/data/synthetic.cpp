#include "src/data/synthetic.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "src/data/random.hpp"
#include "src/error.hpp"

namespace alsace {
namespace {

using namespace synthetic_shape;

constexpr std::uint64_t items_per_cluster = 50;
constexpr std::uint64_t most_clusters = 20;
constexpr std::uint64_t most_rows = std::numeric_limits<std::uint32_t>::max();  // one number is kept for "absent"

/// What the random numbers of an index are for.
enum Purpose : std::uint64_t {
  activity,
  popularity,
  item_cluster,
  user_cluster,
  draws,
  keys,
  user_mood,
  item_mood,
  noise
};

std::uint64_t fewest(const SyntheticConfig& config) {
  return config.interactions < config.users ? 0 : 1;
}

std::uint64_t scaled_count(const SyntheticConfig& config, double scale, double activity) {
  const double count = std::min(scale * activity, static_cast<double>(config.items));
  return std::max(static_cast<std::uint64_t>(count), fewest(config));
}

double next_scale(double scale) {
  return std::nextafter(scale, std::numeric_limits<double>::infinity());
}

/// Items in the order of their popularity: a random permutation (Fisher & Yates).
std::vector<std::uint32_t> popularity_order(const SyntheticConfig& config) {
  std::vector<std::uint32_t> order(static_cast<std::size_t>(config.items));
  std::iota(order.begin(), order.end(), 0U);
  RandomStream random(config.seed, popularity, 0);
  for (std::size_t last = order.size(); last > 1; --last) {
    std::swap(order[last - 1], order[static_cast<std::size_t>(random.below(last))]);
  }
  return order;
}

}  // namespace

void SyntheticConfig::validate() const {
  std::string problems;
  const auto expect = [&](const char* name, std::uint64_t value, std::uint64_t most, const char* why) {
    if (value >= 1 && value <= most) return;
    problems += fmt::format("{}{} = {}, expected 1 to {}{}", problems.empty() ? "" : "\n", name, value, most, why);
  };
  expect("--users", users, most_rows, "");
  expect("--items", items, most_rows, "");
  if (problems.empty()) expect("--interactions", interactions, users * items, " (users × items: a pair counts once)");
  if (!problems.empty()) throw usage_error(problems);
}

std::uint64_t synthetic_clusters(std::uint64_t items) {
  return std::clamp(items / items_per_cluster, std::uint64_t{1}, most_clusters);
}

std::uint64_t synthetic_cluster_of_item(const SyntheticConfig& config, std::uint64_t item) {
  return RandomStream(config.seed, item_cluster, item).below(synthetic_clusters(config.items));
}

double synthetic_activity(const SyntheticConfig& config, std::uint64_t user) {
  const double normal = RandomStream(config.seed, activity, user).normal();
  return std::exp(activity_sigma * std::clamp(normal, -most_sigmas, most_sigmas));
}

std::uint64_t interactions_of(const SyntheticConfig& config, const Allocation& allocation, std::uint64_t user,
                              double activity) {
  const double scale = user < allocation.extra_before ? next_scale(allocation.scale) : allocation.scale;
  return scaled_count(config, scale, activity);
}

Allocation allocate(const SyntheticConfig& config, const std::function<std::uint64_t(const Allocation&)>& total) {
  config.validate();
  // Doubles that are not negative sort like their bits. The total grows with the scale: find the greatest scale whose
  // total is not too large.
  std::uint64_t low = std::bit_cast<std::uint64_t>(0.0);
  std::uint64_t high = std::bit_cast<std::uint64_t>(std::numeric_limits<double>::max());
  while (high - low > 1) {
    const std::uint64_t middle = low + (high - low) / 2;
    (total({std::bit_cast<double>(middle), 0}) <= config.interactions ? low : high) = middle;
  }
  // The total grows by one at a time with extra_before, since two neighbouring scales give counts that differ by one at
  // most: find the first that reaches it.
  const double scale = std::bit_cast<double>(low);
  std::uint64_t below = 0;
  std::uint64_t enough = config.users;
  while (below < enough) {
    const std::uint64_t middle = below + (enough - below) / 2;
    if (total({scale, middle}) < config.interactions) {
      below = middle + 1;
    } else {
      enough = middle;
    }
  }
  const Allocation allocation{scale, enough};
  ALSACE_CHECK(total(allocation) == config.interactions,
               fmt::format("total = {}, interactions = {}", total(allocation), config.interactions));
  return allocation;
}

SyntheticData::SyntheticData(const SyntheticConfig& config, const Allocation& allocation)
    : config_(config), allocation_(allocation) {
  config.validate();
  const auto items = static_cast<std::size_t>(config.items);
  first_position_.assign(static_cast<std::size_t>(synthetic_clusters(config.items)) + 1, 0);
  for (std::uint64_t item = 0; item < items; ++item)
    ++first_position_[static_cast<std::size_t>(cluster_of_item(item)) + 1];
  std::partial_sum(first_position_.begin(), first_position_.end(), first_position_.begin());

  const std::vector<std::uint32_t> order = popularity_order(config);
  std::vector<std::uint64_t> next = first_position_;
  item_at_.resize(items);
  weight_before_.resize(items + 1);
  for (std::size_t rank = 0; rank < items; ++rank) {
    const auto position = static_cast<std::size_t>(next[static_cast<std::size_t>(cluster_of_item(order[rank]))]++);
    item_at_[position] = order[rank];
    weight_before_[position + 1] =
        std::pow(static_cast<double>(rank) + 1 + popularity_shift * static_cast<double>(items), -popularity_exponent);
  }
  std::partial_sum(weight_before_.begin(), weight_before_.end(), weight_before_.begin());
}

std::uint64_t SyntheticData::cluster_of_user(std::uint64_t user) const {
  return RandomStream(config_.seed, user_cluster, user).below(clusters());
}

std::uint64_t SyntheticData::cluster_of_item(std::uint64_t item) const {
  return synthetic_cluster_of_item(config_, item);
}

SparseRows SyntheticData::generate(RowRange users) const {
  ALSACE_CHECK(users.begin <= users.end && users.end <= config_.users,
               fmt::format("users [{}, {}) of {}", users.begin, users.end, config_.users));
  SparseRows rows;
  rows.first_row = users.begin;
  std::vector<bool> taken(static_cast<std::size_t>(config_.items), false);
  std::vector<std::uint32_t> items;
  for (std::uint64_t user = users.begin; user < users.end; ++user) {
    draw_items(user, interactions_of(config_, allocation_, user, synthetic_activity(config_, user)), taken, items);
    rows.columns.insert(rows.columns.end(), items.begin(), items.end());
    rows.offsets.push_back(rows.columns.size());
    for (const std::uint32_t item : items) rows.values.push_back(config_.ratings ? rating(user, item) : 1.0F);
  }
  return rows;
}

/// Draws until `count` distinct items are found. `taken` is by position, all false before and after.
void SyntheticData::draw_items(std::uint64_t user, std::uint64_t count, std::vector<bool>& taken,
                               std::vector<std::uint32_t>& items) const {
  const auto cluster = static_cast<std::size_t>(cluster_of_user(user));
  const auto cluster_begin = static_cast<std::size_t>(first_position_[cluster]);
  const auto cluster_end = static_cast<std::size_t>(first_position_[cluster + 1]);
  RandomStream random(config_.seed, draws, user);
  std::vector<std::uint32_t>& positions = items;
  positions.clear();
  for (std::uint64_t tries = 8 * count; tries > 0 && positions.size() < count; --tries) {
    const bool own = random.uniform() < own_cluster_share && cluster_begin < cluster_end;
    const std::size_t begin = own ? cluster_begin : 0;
    const std::size_t end = own ? cluster_end : item_at_.size();
    const double weight = weight_before_[begin] + random.uniform() * (weight_before_[end] - weight_before_[begin]);
    const auto first = weight_before_.begin() + static_cast<std::ptrdiff_t>(begin) + 1;
    const auto last = weight_before_.begin() + static_cast<std::ptrdiff_t>(end);  // rounding may reach the last weight
    const auto position = static_cast<std::size_t>(std::upper_bound(first, last, weight) - weight_before_.begin()) - 1;
    if (taken[position]) continue;
    taken[position] = true;
    positions.push_back(static_cast<std::uint32_t>(position));
  }
  if (positions.size() < count) fill_by_keys(user, count, taken, positions);
  for (std::uint32_t& position : positions) {
    taken[position] = false;
    position = item_at_[position];
  }
  std::sort(items.begin(), items.end());
}

/// The rest of a row so full that drawing finds mostly items it has: of the others, those with the greatest
/// log(uniform)/weight, which is the same as drawing by weight without putting back (Efraimidis & Spirakis 2006).
void SyntheticData::fill_by_keys(std::uint64_t user, std::uint64_t count, std::vector<bool>& taken,
                                 std::vector<std::uint32_t>& positions) const {
  const auto cluster = static_cast<std::size_t>(cluster_of_user(user));
  const RowRange own{first_position_[cluster], first_position_[cluster + 1]};
  const double own_weight =
      weight_before_[static_cast<std::size_t>(own.end)] - weight_before_[static_cast<std::size_t>(own.begin)];
  const double own_factor =
      own.empty() ? 1.0 : 1.0 + own_cluster_share / (1 - own_cluster_share) * weight_before_.back() / own_weight;
  RandomStream random(config_.seed, keys, user);
  std::vector<std::pair<double, std::uint32_t>> candidates;
  for (std::size_t position = 0; position < item_at_.size(); ++position) {
    if (taken[position]) continue;
    const double weight =
        (weight_before_[position + 1] - weight_before_[position]) * (own.contains(position) ? own_factor : 1.0);
    candidates.emplace_back(std::log(1.0 - random.uniform()) / weight, static_cast<std::uint32_t>(position));
  }
  const std::size_t missing = static_cast<std::size_t>(count) - positions.size();
  ALSACE_CHECK(missing <= candidates.size(), fmt::format("missing = {} of {}", missing, candidates.size()));
  std::nth_element(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(missing), candidates.end(),
                   std::greater<>());
  for (std::size_t i = 0; i < missing; ++i) {
    taken[candidates[i].second] = true;
    positions.push_back(candidates[i].second);
  }
}

/// How the user rates, how the item is liked, whether it is to the user's taste, and chance.
float SyntheticData::rating(std::uint64_t user, std::uint64_t item) const {
  const double bias = 0.4 * RandomStream(config_.seed, user_mood, user).normal() +
                      0.5 * RandomStream(config_.seed, item_mood, item).normal();
  const double taste = cluster_of_user(user) == cluster_of_item(item) ? 0.6 : -0.4;
  const double chance = 0.7 * RandomStream(config_.seed, noise, user * config_.items + item).normal();
  return static_cast<float>(std::clamp(std::round(3.4 + bias + taste + chance), 1.0, 5.0));
}

}  // namespace alsace
