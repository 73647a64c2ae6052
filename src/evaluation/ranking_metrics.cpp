#include "src/evaluation/ranking_metrics.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "src/error.hpp"

namespace alsace {
namespace {

using Kind = RankingMetric::Kind;

constexpr std::array<std::pair<std::string_view, Kind>, 12> kinds{{{"ndcg", Kind::ndcg},
                                                                   {"recall", Kind::recall},
                                                                   {"recall_truncated", Kind::recall_truncated},
                                                                   {"precision", Kind::precision},
                                                                   {"map", Kind::map},
                                                                   {"mrr", Kind::mrr},
                                                                   {"hit_rate", Kind::hit_rate},
                                                                   {"auc", Kind::auc},
                                                                   {"coverage", Kind::coverage},
                                                                   {"novelty", Kind::novelty},
                                                                   {"popularity", Kind::popularity},
                                                                   {"diversity", Kind::diversity}}};

[[noreturn]] void refuse(const std::string& name) {
  std::string known;
  for (const auto& [text, kind] : kinds) {
    known += fmt::format("{}{}{}", known.empty() ? "" : ", ", text, kind == Kind::auc ? "" : "@K");
  }
  throw usage_error(fmt::format("metric = {}, expected one of {} (K from 1 to 1000000)", name, known));
}

double discount(std::size_t rank) {
  return 1 / std::log2(static_cast<double>(rank) + 1);
}

/// Σ over hits of what hit(rank, hits so far) gives.
template <class Hit>
double sum_over_hits(std::span<const ScoredItem> list, std::span<const std::uint32_t> relevant, Hit hit) {
  double sum = 0;
  std::size_t hits = 0;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (std::binary_search(relevant.begin(), relevant.end(), list[i].item)) sum += hit(i + 1, ++hits);
  }
  return sum;
}

}  // namespace

RankingMetric parse_metric(const std::string& name) {
  const std::size_t at = name.find('@');
  const std::string_view kind = std::string_view(name).substr(0, at);
  const auto* found =
      std::find_if(kinds.begin(), kinds.end(), [kind](const auto& entry) { return entry.first == kind; });
  if (found == kinds.end()) refuse(name);
  RankingMetric metric{found->second, 0};
  if ((metric.kind == Kind::auc) != (at == std::string::npos)) refuse(name);
  if (at == std::string::npos) return metric;
  const char* end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data() + at + 1, end, metric.k);
  if (error != std::errc() || stop != end || metric.k < 1 || metric.k > 1000000) refuse(name);
  if (name != name_of(metric)) refuse(name);  // recall@010: results go by name, so that there is one for each metric
  return metric;
}

std::vector<RankingMetric> parse_metrics(std::span<const std::string> names) {
  std::vector<RankingMetric> metrics;
  for (const std::string& name : names) {
    const RankingMetric metric = parse_metric(name);
    if (std::find(metrics.begin(), metrics.end(), metric) == metrics.end()) metrics.push_back(metric);
  }
  return metrics;
}

std::string name_of(const RankingMetric& metric) {
  const auto* found =
      std::find_if(kinds.begin(), kinds.end(), [&](const auto& entry) { return entry.second == metric.kind; });
  return metric.kind == Kind::auc ? std::string(found->first) : fmt::format("{}@{}", found->first, metric.k);
}

int longest_cut_off(std::span<const RankingMetric> metrics) {
  int longest = 0;
  for (const RankingMetric& metric : metrics) longest = std::max(longest, metric.k);
  return longest;
}

double ranking_value(const RankingMetric& metric, std::span<const ScoredItem> list, const Relevant& relevant) {
  if (relevant.n() == 0) return 0;
  const auto k = static_cast<std::size_t>(metric.k);
  list = list.first(std::min(k, list.size()));
  const auto ideal = static_cast<std::size_t>(std::min<std::uint64_t>(k, relevant.n()));
  const auto hits = [&] { return sum_over_hits(list, relevant.items, [](std::size_t, std::size_t) { return 1.0; }); };
  switch (metric.kind) {
    case Kind::recall:
      return hits() / static_cast<double>(relevant.n());
    case Kind::recall_truncated:
      return hits() / static_cast<double>(ideal);
    case Kind::precision:
      return hits() / static_cast<double>(k);
    case Kind::hit_rate:
      return hits() > 0 ? 1 : 0;
    case Kind::ndcg: {
      double best = 0;
      for (std::size_t rank = 1; rank <= ideal; ++rank) best += discount(rank);
      return sum_over_hits(list, relevant.items, [](std::size_t rank, std::size_t) { return discount(rank); }) / best;
    }
    case Kind::map:
      return sum_over_hits(list, relevant.items,
                           [](std::size_t rank, std::size_t so_far) {
                             return static_cast<double>(so_far) / static_cast<double>(rank);
                           }) /
             static_cast<double>(ideal);
    case Kind::mrr:
      return sum_over_hits(list, relevant.items, [](std::size_t rank, std::size_t so_far) {
        return so_far == 1 ? 1 / static_cast<double>(rank) : 0.0;
      });
    case Kind::auc:
    case Kind::coverage:
    case Kind::novelty:
    case Kind::popularity:
    case Kind::diversity:
      break;
  }
  check_failed("an accuracy metric with a cut-off", __FILE__, __LINE__, name_of(metric));
}

double area_under_curve(std::span<const float> scores, std::span<const std::uint32_t> excluded,
                        const Relevant& relevant) {
  std::vector<float> right;
  for (const std::uint32_t item : relevant.items) {
    if (!std::binary_search(excluded.begin(), excluded.end(), item)) right.push_back(scores[item]);
  }
  std::sort(right.begin(), right.end());

  std::uint64_t half_wins = 0;  // 2 a pair in the right order, 1 a tie
  std::uint64_t others = 0;
  auto next_excluded = excluded.begin();
  auto next_relevant = relevant.items.begin();
  for (std::uint32_t item = 0; item < scores.size(); ++item) {
    const bool is_excluded = next_excluded != excluded.end() && *next_excluded == item;
    const bool is_relevant = next_relevant != relevant.items.end() && *next_relevant == item;
    if (is_excluded) ++next_excluded;
    if (is_relevant) ++next_relevant;
    if (is_excluded || is_relevant) continue;
    const auto [same, above] = std::equal_range(right.begin(), right.end(), scores[item]);
    half_wins += 2 * static_cast<std::uint64_t>(right.end() - above) + static_cast<std::uint64_t>(above - same);
    ++others;
  }
  const std::uint64_t pairs = others * right.size();
  return pairs == 0 ? 0.5 : static_cast<double>(half_wins) / (2 * static_cast<double>(pairs));
}

}  // namespace alsace
