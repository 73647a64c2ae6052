#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "src/matrix.hpp"
#include "src/ranking/top_k.hpp"

/// What lists of recommendations are like, whether right or wrong.
namespace alsace {

/// −log2 of the share of users that an item has interacted with; an item without interactions counts as one with one.
/// novelty@K is the mean over a list (Zhou et al. 2010, "self-information").
std::vector<double> item_novelty(std::span<const std::uint64_t> interactions, std::uint64_t users);

/// The share of all items that are less popular, those as popular counting half: in (0, 1), 0.5 on average over the
/// catalogue. popularity@K is the mean over a list: the nearer 1, the stronger the popularity bias.
std::vector<double> popularity_percentiles(std::span<const std::uint64_t> interactions);

/// Mean of `values` over the items of the list; 0 for an empty one.
double list_mean(std::span<const ScoredItem> list, std::span<const double> values);

/// Intra-list diversity: 1 − mean cosine over the pairs of different items of the list; 0 with fewer than two.
/// `unit_items`: item factors scaled to length 1. O(K² factors).
double list_diversity(std::span<const ScoredItem> list, const FactorView& unit_items);

/// Items as scores of popularity that fp32 holds exactly: the number of different smaller counts. Order and ties are
/// those of the counts.
std::vector<float> popularity_scores(std::span<const std::uint64_t> interactions);

}  // namespace alsace
