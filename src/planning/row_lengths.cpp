#include "src/planning/row_lengths.hpp"

#include <algorithm>
#include <cmath>

#include "src/data/synthetic.hpp"

namespace alsace {
namespace {

/// Users whose activity is that of one point of the log-normal.
struct ActivityPoint {
  double users = 0;
  double length = 0;
  double draws = 0;
};

/// Items of about one popularity.
struct PopularityCell {
  double items = 0;
  double probability = 0;  ///< of one item, in a draw from all items
};

constexpr int popularity_cells = 256;
constexpr std::uint64_t single_lengths = 64;  // beyond, lengths within 1/16 of each other are taken together

/// Finds x with value(x) = target by halving; `value` grows with x.
template <class Function>
double invert(Function value, double target, double low, double high) {
  for (int step = 0; step < 100 && high - low > 1e-9 * high; ++step) {
    const double middle = low > 0 ? std::sqrt(low * high) : high / 2;
    (value(middle) < target ? low : high) = middle;
  }
  return high;
}

double normal_cdf(double z) {
  return std::erfc(-z / std::sqrt(2.0)) / 2;
}

/// Share of the users whose activity exp(σ z) is below `activity`; z stays within ±4.
double users_below(double activity) {
  const double z = std::log(activity) / synthetic_shape::activity_sigma;
  if (z <= -synthetic_shape::most_sigmas) return 0;
  return z > synthetic_shape::most_sigmas ? 1 : normal_cdf(z);
}

/// Users by length: `scale` times their activity, rounded down, at least one where there are enough interactions, and
/// at most one an item.
std::vector<ActivityPoint> users_at_scale(const Workload& workload, double scale) {
  const auto users = static_cast<double>(workload.users);
  const auto most = static_cast<double>(workload.items);
  const double least = workload.interactions >= workload.users ? 1 : 0;
  std::vector<ActivityPoint> points;
  double begin = least;
  double below = 0;  // those with less than the least have the least
  while (begin <= most && below < 1) {
    const double width = begin < single_lengths ? 1 : std::floor(begin / 16);
    const double end = begin + width;
    const double up_to = end > most ? 1 : users_below(end / scale);
    const double middle = width == 1 ? begin : std::min(most, std::sqrt(begin * (end - 1)));
    if (up_to > below) points.push_back({users * (up_to - below), middle, 0});
    below = up_to;
    begin = end;
  }
  return points;
}

std::vector<ActivityPoint> user_activity(const Workload& workload) {
  const auto total = [&](double scale) {
    double sum = 0;
    for (const ActivityPoint& point : users_at_scale(workload, scale)) sum += point.users * point.length;
    return sum;
  };
  return users_at_scale(workload, invert(total, static_cast<double>(workload.interactions), 1e-9, 1e12));
}

/// Zipf–Mandelbrot in the variable x = rank/I, cut in cells of equal width in log(x + shift).
std::vector<PopularityCell> item_popularity(const Workload& workload) {
  const auto items = static_cast<double>(workload.items);
  const double shift = synthetic_shape::popularity_shift;
  const double exponent = synthetic_shape::popularity_exponent;
  const auto weight_up_to = [&](double x) {  // ∫ (x + shift)^-exponent, but for a constant
    return -std::pow(x + shift, 1 - exponent) / (exponent - 1);
  };
  const double whole = weight_up_to(1) - weight_up_to(0);
  std::vector<PopularityCell> cells(popularity_cells);
  double begin = 0;
  for (int i = 0; i < popularity_cells; ++i) {
    const double end = shift * std::pow((1 + shift) / shift, (i + 1.0) / popularity_cells) - shift;
    PopularityCell& cell = cells[static_cast<std::size_t>(i)];
    cell.items = items * (end - begin);
    cell.probability = (weight_up_to(end) - weight_up_to(begin)) / whole / cell.items;
    begin = end;
  }
  return cells;
}

/// Probability that `draws` draws of a user have an item of that probability: one in `clusters` items is of the user's
/// own cluster, from which a fixed share of the draws comes.
double has_item(double probability, double draws, double clusters) {
  const double own = synthetic_shape::own_cluster_share;
  const double foreign = -std::expm1(-draws * probability * (1 - own));
  const double familiar = -std::expm1(-draws * probability * (1 - own + own * clusters));
  return foreign + (familiar - foreign) / clusters;
}

RowLengths equal_lengths(const Workload& workload) {
  const auto side = [&](std::uint64_t rows) {
    const std::uint64_t length = workload.interactions / rows;
    const auto longer = static_cast<double>(workload.interactions % rows);
    return std::vector<RowGroup>{{static_cast<double>(rows) - longer, static_cast<double>(length), true},
                                 {longer, static_cast<double>(length) + 1, true}};
  };
  return {side(workload.users), side(workload.items)};
}

}  // namespace

RowLengths row_lengths(const Workload& workload) {
  if (workload.popularity == Popularity::uniform) return equal_lengths(workload);
  std::vector<ActivityPoint> activity = user_activity(workload);
  const std::vector<PopularityCell> cells = item_popularity(workload);
  const auto clusters = static_cast<double>(synthetic_clusters(workload.items));
  for (ActivityPoint& point : activity) {
    const auto different = [&](double draws) {
      double sum = 0;
      for (const PopularityCell& cell : cells) sum += cell.items * has_item(cell.probability, draws, clusters);
      return sum;
    };
    // A user who has nearly every item would draw nearly for ever: `synth` stops as well.
    const double most = static_cast<double>(workload.items) * 1e4;
    point.draws = point.length > 0 ? invert(different, point.length, point.length / 2, most) : 0;
  }
  RowLengths lengths;
  for (const ActivityPoint& point : activity) lengths.users.push_back({point.users, point.length, true});
  for (const PopularityCell& cell : cells) {
    double rows = 0;
    for (const ActivityPoint& point : activity) rows += point.users * has_item(cell.probability, point.draws, clusters);
    lengths.items.push_back({cell.items, rows, false});
  }
  return lengths;
}

double rows_met(const std::vector<RowGroup>& side, double share) {
  double met = 0;
  for (const RowGroup& group : side) {
    const double missed = group.exact ? (share < 1 ? std::exp(group.length * std::log1p(-share)) : group.length == 0)
                                      : std::exp(-group.length * share);
    met += group.rows * (1 - missed);
  }
  return met;
}

}  // namespace alsace
