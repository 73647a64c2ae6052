#include "src/evaluation/beyond_accuracy.hpp"

#include <algorithm>
#include <cmath>

namespace alsace {

std::vector<double> item_novelty(std::span<const std::uint64_t> interactions, std::uint64_t users) {
  std::vector<double> novelty;
  novelty.reserve(interactions.size());
  for (const std::uint64_t count : interactions) {
    const auto seen_by = static_cast<double>(std::max<std::uint64_t>(count, 1));
    novelty.push_back(std::log2(static_cast<double>(users) / seen_by));
  }
  return novelty;
}

std::vector<double> popularity_percentiles(std::span<const std::uint64_t> interactions) {
  std::vector<std::uint64_t> sorted(interactions.begin(), interactions.end());
  std::sort(sorted.begin(), sorted.end());
  std::vector<double> percentiles;
  percentiles.reserve(interactions.size());
  for (const std::uint64_t count : interactions) {
    const auto [same, above] = std::equal_range(sorted.begin(), sorted.end(), count);
    const auto twice_below = (same - sorted.begin()) + (above - sorted.begin());
    percentiles.push_back(static_cast<double>(twice_below) / (2 * static_cast<double>(sorted.size())));
  }
  return percentiles;
}

double list_mean(std::span<const ScoredItem> list, std::span<const double> values) {
  if (list.empty()) return 0;
  double sum = 0;
  for (const ScoredItem& entry : list) sum += values[entry.item];
  return sum / static_cast<double>(list.size());
}

double list_diversity(std::span<const ScoredItem> list, const FactorView& unit_items) {
  if (list.size() < 2) return 0;
  double sum = 0;
  for (std::size_t i = 1; i < list.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      double cosine = 0;
      for (Eigen::Index k = 0; k < unit_items.cols(); ++k) {
        cosine += static_cast<double>(unit_items(list[i].item, k)) * unit_items(list[j].item, k);
      }
      sum += cosine;
    }
  }
  const auto n = static_cast<double>(list.size());
  return 1 - sum / (n * (n - 1) / 2);
}

std::vector<float> popularity_scores(std::span<const std::uint64_t> interactions) {
  std::vector<std::uint64_t> counts(interactions.begin(), interactions.end());
  std::sort(counts.begin(), counts.end());
  counts.erase(std::unique(counts.begin(), counts.end()), counts.end());
  std::vector<float> scores;
  scores.reserve(interactions.size());
  for (const std::uint64_t count : interactions) {
    scores.push_back(static_cast<float>(std::lower_bound(counts.begin(), counts.end(), count) - counts.begin()));
  }
  return scores;
}

}  // namespace alsace
