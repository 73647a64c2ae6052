#include "src/ranking/scorer.hpp"

#include <algorithm>
#include <cmath>

#include "src/error.hpp"

namespace alsace {
namespace {

/// An item scored on its own costs as much as up to so many of a tile. Measured over K of 16 to 128 on every level: 1
/// to 2 where all factors stay in the cache, 4 to 16 where each lone row is waited for. So a list this much shorter
/// than the block is never slower on its own.
constexpr std::size_t direct_cost = 16;

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

/// One query's selection from consecutive items, which come in ascending pieces.
class Selection {
 public:
  /// `count` items from `first_item` on; `length` of the list.
  Selection(const Queries& queries, std::size_t query, std::uint64_t first_item, std::size_t count, std::size_t length)
      : excluded_(queries.excluded(query)), available_(count), best_(0) {
    if (!queries.allowed.empty() && queries.allowed[query] != nullptr) {
      all_allowed_ = false;
      allowed_ = within(*queries.allowed[query], first_item, count);
      available_ = allowed_.size();
    }
    if (!queries.takes.empty()) length = std::min(length, static_cast<std::size_t>(queries.takes[query]));
    length_ = std::min(length, available_);
    best_ = TopK(length_);
  }

  /// Items that may be asked for.
  [[nodiscard]] std::size_t available() const { return available_; }
  /// Whether no item can enter the list.
  [[nodiscard]] bool idle() const { return length_ == 0; }
  /// The allowed ones of them, where not all are.
  [[nodiscard]] std::span<const std::uint32_t> allowed() const { return allowed_; }

  void offer(ScoredItem candidate) {
    if (best_.would_take(candidate)) take_unless_excluded(candidate);
  }

  /// Offers a piece of consecutive items with their scores.
  void offer_all(const float* scores, std::uint64_t first_item, std::size_t count) {
    if (all_allowed_) {
      for (std::size_t i = 0; i < count; ++i) offer({scores[i], static_cast<std::uint32_t>(first_item + i)});
    } else {
      for (const std::uint32_t item : within(allowed_, first_item, count)) offer({scores[item - first_item], item});
    }
  }

  std::vector<ScoredItem> finish() { return best_.finish(); }

 private:
  /// Asked after the score, since few scores pass; not inlined, since the loop over those that do not is the hot one.
  [[gnu::noinline]] void take_unless_excluded(ScoredItem candidate) {
    if (!std::binary_search(excluded_.begin(), excluded_.end(), candidate.item)) best_.take(candidate);
  }

  static std::span<const std::uint32_t> within(std::span<const std::uint32_t> items, std::uint64_t first,
                                               std::size_t count) {
    const auto begin = std::lower_bound(items.begin(), items.end(), first);
    const auto end = std::lower_bound(begin, items.end(), first + count);
    return {begin, end};
  }

  std::span<const std::uint32_t> excluded_;
  std::span<const std::uint32_t> allowed_;
  bool all_allowed_ = true;
  std::size_t available_;
  std::size_t length_ = 0;
  TopK best_;
};

/// All memory of the lists is taken here, so that filling them cannot throw.
std::vector<Selection> selections_of(const Queries& queries, std::uint64_t first_item, std::size_t count,
                                     std::size_t k) {
  ALSACE_CHECK(queries.takes.empty() || queries.takes.size() == queries.count, "one length a query");
  ALSACE_CHECK(queries.allowed.empty() || queries.allowed.size() == queries.count, "one allow list a query");
  ALSACE_CHECK(queries.excluded_offsets.size() == queries.count + 1, "one exclude list a query");
  std::vector<Selection> selections;
  selections.reserve(queries.count);
  for (std::size_t q = 0; q < queries.count; ++q) selections.emplace_back(queries, q, first_item, count, k);
  return selections;
}

RankedLists lists_of(std::vector<Selection>& selections) {
  RankedLists lists;
  for (Selection& selection : selections) lists.push_back(selection.finish());
  return lists;
}

/// Queries that are scored on all items of the block, their rows one after another; and those that allow so few that
/// each of these is scored on its own.
struct ScanPlan {
  std::vector<std::size_t> scanned;
  std::vector<std::size_t> direct;
  std::vector<float> rows;
  std::vector<double> offsets;
};

ScanPlan plan_scan(const Queries& queries, const ItemBlock& items, std::span<const Selection> selections) {
  ScanPlan plan;
  const auto width = static_cast<std::size_t>(queries.factors);
  plan.rows.reserve(queries.count * width);
  for (std::size_t q = 0; q < queries.count; ++q) {
    if (selections[q].idle()) continue;
    if (selections[q].available() * direct_cost <= items.count) {
      plan.direct.push_back(q);
      continue;
    }
    plan.scanned.push_back(q);
    const auto row = std::span(queries.rows).subspan(q * width, width);
    plan.rows.insert(plan.rows.end(), row.begin(), row.end());
    if (!queries.offsets.empty()) plan.offsets.push_back(queries.offsets[q]);
  }
  return plan;
}

/// Threads are woken for what they can share and only where that takes longer than waking them: some hundred
/// microseconds on a busy machine, in which one thread does a few million products. `products`: of one scan.
int worthwhile_threads(const ScanPlan& plan, std::size_t groups, std::size_t products, int threads) {
  constexpr std::size_t products_a_thread = 4'000'000;
  const std::size_t most =
      std::min(groups + plan.direct.size(), 1 + plan.scanned.size() * products / products_a_thread);
  return static_cast<int>(std::clamp<std::size_t>(most, 1, static_cast<std::size_t>(threads)));
}

/// Scores `count` ≤ score_queries of the scanned queries, from `first` on, tile by tile.
void scan(const KernelTable& kernels, const ScanPlan& plan, std::size_t first, std::size_t count, int factors,
          const ItemBlock& items, std::vector<Selection>& selections, float* scores) {
  const float* rows = plan.rows.data() + first * static_cast<std::size_t>(factors);
  const auto offsets =
      plan.offsets.empty() ? std::span<const double>() : std::span<const double>(plan.offsets).subspan(first, count);
  for (std::size_t begin = 0; begin < items.count; begin += score_tile) {
    const ItemBlock tile = tile_of(items, begin, factors);
    score_one_tile(kernels, rows, count, factors, offsets, tile, scores);
    for (std::size_t q = 0; q < count; ++q)
      selections[plan.scanned[first + q]].offer_all(scores + q * tile.count, tile.first_item, tile.count);
  }
}

/// Scores the allowed items of one query one by one.
void score_allowed(const KernelTable& kernels, const Queries& queries, std::size_t query, const ItemBlock& items,
                   Selection& selection) {
  const auto width = static_cast<std::size_t>(queries.factors);
  const float* row = queries.rows.data() + query * width;
  for (const std::uint32_t item : selection.allowed()) {
    const auto at = static_cast<std::size_t>(item - items.first_item);
    float score = 0;
    kernels.inner_products(row, 1, items.factors + at * width, 1, queries.factors, &score);
    if (!queries.offsets.empty())
      score = score_of(score, items.biases.empty() ? 0.0 : items.biases[at], queries.offsets[query]);
    selection.offer({score, item});
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
  std::vector<Selection> selections = selections_of(queries, items.first_item, items.count, k);
  const ScanPlan plan = plan_scan(queries, items, selections);
  const std::size_t groups = (plan.scanned.size() + score_queries - 1) / score_queries;
  std::vector<float> workspaces(groups * score_workspace);

  // Whole scans come first: they take longest. Nothing here can throw.
  const int team = worthwhile_threads(plan, groups, items.count * static_cast<std::size_t>(queries.factors), threads);
#pragma omp parallel for schedule(dynamic) num_threads(team) if (team > 1)
  for (std::size_t task = 0; task < groups + plan.direct.size(); ++task) {
    if (task < groups) {
      const std::size_t first = task * score_queries;
      const std::size_t count = std::min(score_queries, plan.scanned.size() - first);
      scan(kernels, plan, first, count, queries.factors, items, selections, workspaces.data() + task * score_workspace);
    } else {
      const std::size_t query = plan.direct[task - groups];
      score_allowed(kernels, queries, query, items, selections[query]);
    }
  }
  return lists_of(selections);
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
