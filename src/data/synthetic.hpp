#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "src/data/ids.hpp"
#include "src/data/sparse_rows.hpp"

/// Synthetic interactions of any size. Whatever is drawn for a user comes from (seed, user) and from tables of the
/// items that every rank computes alike, so that the data do not depend on who generates which users.
namespace alsace {

struct SyntheticConfig {
  std::uint64_t users = 0;
  std::uint64_t items = 0;
  std::uint64_t interactions = 0;
  std::uint64_t seed = 1;
  bool ratings = false;  ///< values 1 to 5 instead of 1

  /// Throws ErrorKind::usage with every field that is out of range, one a line.
  void validate() const;
};

/// The shape of the data, as far as others reckon with it.
namespace synthetic_shape {
inline constexpr double activity_sigma = 1.2;
inline constexpr double most_sigmas = 4.0;  ///< the most active user has about 120 times the median
inline constexpr double popularity_exponent = 1.5;
inline constexpr double popularity_shift = 1.0 / 250;  ///< of the number of items
inline constexpr double own_cluster_share = 0.6;
}  // namespace synthetic_shape

/// Taste clusters of that many items: one to 50 items, at least 1 and at most 20.
std::uint64_t synthetic_clusters(std::uint64_t items);

/// The taste cluster of an item.
std::uint64_t synthetic_cluster_of_item(const SyntheticConfig& config, std::uint64_t item);

/// How many interactions each user gets: a log-normal activity (σ = 1.2, as in MovieLens 20M) times `scale`, rounded
/// down, at least one (none when there are fewer interactions than users) and at most one an item; the users below
/// `extra_before` whose count the next greater scale would raise get one more, which makes the total exact.
struct Allocation {
  double scale = 0;
  std::uint64_t extra_before = 0;
  friend bool operator==(const Allocation&, const Allocation&) = default;
};

/// Activity of one user, before scaling.
double synthetic_activity(const SyntheticConfig& config, std::uint64_t user);

/// Interactions of a user of that activity under an allocation.
std::uint64_t interactions_of(const SyntheticConfig& config, const Allocation& allocation, std::uint64_t user,
                              double activity);

/// The allocation whose total is config.interactions. `total` gives the sum of interactions_of over all users, for
/// which the ranks may share the work: integers add up exactly. At most about 128 calls.
Allocation allocate(const SyntheticConfig& config, const std::function<std::uint64_t(const Allocation&)>& total);

/// Draws rows. Item popularity is Zipf–Mandelbrot, weight (rank + I/250)^-1.5 in a random order of the items, so that
/// the top 1 % of the items has half of the draws at any size (a third of the interactions or so, since a user has an
/// item once). Items and users belong to taste clusters; 60 % of a user's draws are from the own cluster. 17 bytes an
/// item.
class SyntheticData {
 public:
  SyntheticData(const SyntheticConfig& config, const Allocation& allocation);

  /// The rows of some users: distinct items, ascending. About 150 ns an interaction.
  [[nodiscard]] SparseRows generate(RowRange users) const;

  [[nodiscard]] std::uint64_t clusters() const { return first_position_.size() - 1; }
  [[nodiscard]] std::uint64_t cluster_of_user(std::uint64_t user) const;
  [[nodiscard]] std::uint64_t cluster_of_item(std::uint64_t item) const;

 private:
  void draw_items(std::uint64_t user, std::uint64_t count, std::vector<bool>& taken,
                  std::vector<std::uint32_t>& items) const;
  void fill_by_keys(std::uint64_t user, std::uint64_t count, std::vector<bool>& taken,
                    std::vector<std::uint32_t>& positions) const;
  [[nodiscard]] float rating(std::uint64_t user, std::uint64_t item) const;

  SyntheticConfig config_;
  Allocation allocation_;
  // Items by position: those of a cluster lie together, its most popular first. A draw from a cluster or from all items
  // is then a binary search in a range of one array of cumulative weights.
  std::vector<std::uint32_t> item_at_;
  std::vector<double> weight_before_;          // positions + 1
  std::vector<std::uint64_t> first_position_;  // clusters + 1
};

}  // namespace alsace
