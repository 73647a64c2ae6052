#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "src/ranking/top_k.hpp"

namespace alsace {

/// Which ranking metrics to compute: names such as "ndcg@100", "recall@20", "recall_truncated@20", "precision@10",
/// "map@10", "mrr@10", "hit_rate@10", "auc", and of what is recommended, whether right or wrong (beyond_accuracy.hpp):
/// "coverage@20", "novelty@20", "popularity@20", "diversity@20".
struct RankingMetric {
  enum class Kind {
    ndcg,
    recall,
    recall_truncated,
    precision,
    map,
    mrr,
    hit_rate,
    auc,
    coverage,
    novelty,
    popularity,
    diversity
  };
  Kind kind;
  int k = 0;  ///< cut-off; 0 for auc
  friend bool operator==(const RankingMetric&, const RankingMetric&) = default;
};

/// Parses one name, spelled as name_of does; throws ErrorKind::usage listing the names there are.
RankingMetric parse_metric(const std::string& name);
/// The same for several; a name that comes twice counts once.
std::vector<RankingMetric> parse_metrics(std::span<const std::string> names);
std::string name_of(const RankingMetric& metric);

/// The largest cut-off: how long the ranked lists have to be.
int longest_cut_off(std::span<const RankingMetric> metrics);

/// What a user's list is measured against.
struct Relevant {
  std::span<const std::uint32_t> items;  ///< held-out items that the model knows, ascending
  std::uint64_t unknown = 0;             ///< held-out items that it does not know: they count in n, and are never hit

  [[nodiscard]] std::uint64_t n() const { return items.size() + unknown; }
};

/// One user's value of an accuracy metric with a cut-off, from the list in ranking order (as long as the cut-off unless
/// there are no more items). With hits among the first K and n relevant items:
///   recall hits/n · recall_truncated hits/min(K, n) · precision hits/K · hit_rate 1 if there is a hit
///   ndcg Σ_hits 1/log2(rank + 1) over the same sum for ranks 1 to min(K, n)
///   map Σ_hits (hits up to that rank)/rank over min(K, n) · mrr 1/rank of the first hit
/// 0 for a user without relevant items.
double ranking_value(const RankingMetric& metric, std::span<const ScoredItem> list, const Relevant& relevant);

/// The share of (relevant, other) pairs of candidates that the scores put in the right order, equal scores counting
/// half (Mann-Whitney). `scores`: one an item; `excluded`: items that are no candidates, ascending; relevant items that
/// are excluded or unknown take no part. 0.5 where there is no pair.
double area_under_curve(std::span<const float> scores, std::span<const std::uint32_t> excluded,
                        const Relevant& relevant);

}  // namespace alsace
