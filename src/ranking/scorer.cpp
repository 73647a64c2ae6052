#include "src/ranking/scorer.hpp"

#include <algorithm>
#include <cmath>

#include "src/error.hpp"

namespace alsace {
namespace {

/// Turns the inner products of one query with consecutive items into scores, in place.
void add_biases(float* scores, std::size_t count, std::span<const double> biases, double offset) {
  for (std::size_t i = 0; i < count; ++i) scores[i] = score_of(scores[i], biases.empty() ? 0.0 : biases[i], offset);
}

ItemBlock tile_of(const ItemBlock& items, std::size_t begin, int factors) {
  ItemBlock tile = items;
  tile.count = std::min(score_tile, items.count - begin);
  tile.factors += begin * static_cast<std::size_t>(factors);
  tile.first_item += begin;
  if (!items.biases.empty()) tile.biases = items.biases.subspan(begin, tile.count);
  return tile;
}

/// tile: at most score_tile items; scores: query_count × tile.count.
void score_one_tile(const KernelTable& kernels, const float* rows, std::size_t query_count, int factors,
                    std::span<const double> offsets, const ItemBlock& tile, float* scores) {
  kernels.inner_products(rows, query_count, tile.factors, tile.count, factors, scores);
  if (offsets.empty()) return;
  for (std::size_t q = 0; q < query_count; ++q) {
    add_biases(scores + q * tile.count, tile.count, tile.biases, offsets[q]);
  }
}

/// Offers the tile's items to one query's selection. Whether an item is excluded is asked after its score, since few
/// scores pass.
void select_from_tile(const float* scores, const ItemBlock& tile, std::span<const std::uint32_t> excluded, TopK& best) {
  for (std::size_t i = 0; i < tile.count; ++i) {
    const ScoredItem candidate{scores[i], static_cast<std::uint32_t>(tile.first_item + i)};
    if (!best.would_take(candidate)) continue;
    if (!std::binary_search(excluded.begin(), excluded.end(), candidate.item)) best.take(candidate);
  }
}

}  // namespace

void score_items(const KernelTable& kernels, const float* rows, std::size_t query_count, int factors,
                 std::span<const double> offsets, const ItemBlock& items, float* scores, std::size_t stride,
                 float* workspace) {
  for (std::size_t begin = 0; begin < items.count; begin += score_tile) {
    const ItemBlock tile = tile_of(items, begin, factors);
    score_one_tile(kernels, rows, query_count, factors, offsets, tile, workspace);
    for (std::size_t q = 0; q < query_count; ++q) {
      std::copy_n(workspace + q * tile.count, tile.count, scores + q * stride + begin);
    }
  }
}

RankedLists top_k_of_block(const KernelTable& kernels, const Queries& queries, const ItemBlock& items, std::size_t k,
                           int threads) {
  ALSACE_CHECK(threads >= 1, "at least one thread");
  const auto width = static_cast<std::size_t>(queries.factors);
  const std::size_t groups = (queries.count + score_queries - 1) / score_queries;
  // All memory is taken here: nothing below can throw.
  std::vector<TopK> best;
  best.reserve(queries.count);
  for (std::size_t q = 0; q < queries.count; ++q) best.emplace_back(std::min(k, items.count));
  std::vector<float> workspaces(groups * score_workspace);

#pragma omp parallel for schedule(dynamic) num_threads(threads)
  for (std::size_t group = 0; group < groups; ++group) {
    const std::size_t first = group * score_queries;
    const std::size_t count = std::min(score_queries, queries.count - first);
    float* scores = workspaces.data() + group * score_workspace;
    const auto offsets = queries.offsets.empty() ? std::span<const double>()
                                                 : std::span<const double>(queries.offsets).subspan(first, count);
    for (std::size_t begin = 0; begin < items.count; begin += score_tile) {
      const ItemBlock tile = tile_of(items, begin, queries.factors);
      score_one_tile(kernels, queries.rows.data() + first * width, count, queries.factors, offsets, tile, scores);
      for (std::size_t q = 0; q < count; ++q) {
        select_from_tile(scores + q * tile.count, tile, queries.excluded(first + q), best[first + q]);
      }
    }
  }

  RankedLists lists;
  for (TopK& list : best) lists.push_back(list.finish());
  return lists;
}

FactorMatrix unit_rows(const FactorMatrix& rows) {
  FactorMatrix unit = rows;
  for (Eigen::Index row = 0; row < unit.rows(); ++row) {
    double squares = 0;
    for (Eigen::Index k = 0; k < unit.cols(); ++k) squares += static_cast<double>(unit(row, k)) * unit(row, k);
    if (squares == 0) continue;
    const double scale = 1 / std::sqrt(squares);
    for (Eigen::Index k = 0; k < unit.cols(); ++k) unit(row, k) = static_cast<float>(unit(row, k) * scale);
  }
  return unit;
}

}  // namespace alsace
