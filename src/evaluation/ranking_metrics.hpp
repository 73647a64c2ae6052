#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace alsace {

/// Which ranking metrics to compute: names such as "ndcg@100", "recall@20", "recall_truncated@20", "precision@10",
/// "map@10", "mrr@10", "hit_rate@10", "auc".
struct RankingMetric {
  enum class Kind { ndcg, recall, recall_truncated, precision, map, mrr, hit_rate, auc };
  Kind kind;
  int k = 0;  ///< cut-off; 0 for auc
};

/// Parses one name; throws ErrorKind::usage listing the names there are.
RankingMetric parse_metric(const std::string& name);
std::string name_of(const RankingMetric& metric);

}  // namespace alsace
