#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "src/kernels/kernel_table.hpp"
#include "src/matrix.hpp"
#include "src/ranking/item_attributes.hpp"
#include "src/ranking/top_k.hpp"

/// Exact fp32 scores. Those of a (query, item) pair have the same bits whatever the shards, tiles, batches and threads,
/// because each is one inner product of a fixed order and at most one rounding more.
namespace alsace {

/// The definition of a score with biases: in double, rounded once. `offset`: μ + b_u.
inline float score_of(float inner_product, double item_bias, double offset) {
  return static_cast<float>(static_cast<double>(inner_product) + item_bias + offset);
}

/// Consecutive items that one rank scores. Does not own.
struct ItemBlock {
  const float* factors = nullptr;  ///< count × K
  std::span<const double> biases;  ///< one an item, or empty
  std::uint64_t first_item = 0;
  std::size_t count = 0;
};

/// What is asked: a row of factors a query, and what it must not be answered with. Owns.
struct Queries {
  std::size_t count = 0;
  int factors = 0;                                 ///< K
  std::vector<float> rows;                         ///< count × K
  std::vector<double> offsets;                     ///< μ + b_u, one a query; empty where scores have no biases
  std::vector<std::uint64_t> excluded_offsets{0};  ///< count + 1
  std::vector<std::uint32_t> excluded_items;       ///< global indices, ascending within a query
  std::vector<std::uint32_t> takes;                ///< items each query takes, at most k; empty: k each
  std::vector<ItemSet> allowed;                    ///< the only items of each query; null: all; empty: all for each

  [[nodiscard]] std::span<const std::uint32_t> excluded(std::size_t query) const {
    return std::span(excluded_items)
        .subspan(static_cast<std::size_t>(excluded_offsets[query]),
                 static_cast<std::size_t>(excluded_offsets[query + 1] - excluded_offsets[query]));
  }
};

/// scores[q·stride + i] of `query_count` queries and all items of the block. `rows`: query_count × K; `offsets`: one a
/// query, or empty where scores have no biases. Does not allocate or throw. Cost: query_count × count × K.
/// `workspace`: score_workspace floats.
void score_items(const KernelTable& kernels, const float* rows, std::size_t query_count, int factors,
                 std::span<const double> offsets, const ItemBlock& items, float* scores, std::size_t stride,
                 float* workspace);
inline constexpr std::size_t score_tile = 512;   ///< items at a time: with K = 64, 128 KiB
inline constexpr std::size_t score_queries = 8;  ///< most queries of one call of score_items
inline constexpr std::size_t score_workspace = score_tile * score_queries;

/// The k best items of the block for every query, of those it allows and does not exclude: exactly k (or what the query
/// takes) where so many are left. A query that allows few items is scored on those alone.
RankedLists top_k_of_block(const KernelTable& kernels, const Queries& queries, const ItemBlock& items, std::size_t k,
                           int threads);

/// Rows scaled to length 1, so that inner products are cosines; rows of zeros stay. Norms in double.
FactorMatrix unit_rows(const FactorMatrix& rows);

}  // namespace alsace
