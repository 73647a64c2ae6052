#include "src/evaluation/evaluate_users.hpp"

#include <algorithm>
#include <atomic>
#include <exception>

#include <omp.h>

#include "src/error.hpp"
#include "src/evaluation/beyond_accuracy.hpp"

namespace alsace {
namespace {

using Kind = RankingMetric::Kind;

std::vector<ScoredItem> best_unseen(std::span<const float> scores, std::span<const std::uint32_t> seen, std::size_t k) {
  TopK best(std::min(k, scores.size()));
  for (std::size_t item = 0; item < scores.size(); ++item) {
    const ScoredItem candidate{scores[item], static_cast<std::uint32_t>(item)};
    if (best.would_take(candidate) && !std::binary_search(seen.begin(), seen.end(), candidate.item)) {
      best.take(candidate);
    }
  }
  return best.finish();
}

void mark_covered(std::span<const ScoredItem> list, std::vector<std::uint8_t>& covered) {
  for (const ScoredItem& entry : list) {
    std::atomic_ref<std::uint8_t>(covered[entry.item]).store(1, std::memory_order_relaxed);
  }
}

/// All metrics of one user.
class UserEvaluator {
 public:
  UserEvaluator(std::span<const RankingMetric> metrics, const ItemTraits& traits, UserMetrics& result)
      : metrics_(metrics),
        traits_(traits),
        result_(result),
        longest_(static_cast<std::size_t>(longest_cut_off(metrics))) {}

  void operator()(std::size_t user, std::span<const float> scores, std::span<const std::uint32_t> seen,
                  const Relevant& relevant) const {
    const std::vector<ScoredItem> list = best_unseen(scores, seen, longest_);
    for (std::size_t m = 0; m < metrics_.size(); ++m) {
      const auto cut = std::span(list).first(std::min(list.size(), static_cast<std::size_t>(metrics_[m].k)));
      double& value = result_.values[user * metrics_.size() + m];
      switch (metrics_[m].kind) {
        case Kind::auc:
          value = area_under_curve(scores, seen, relevant);
          break;
        case Kind::coverage:
          mark_covered(cut, result_.covered[m]);
          break;
        case Kind::novelty:
          value = list_mean(cut, traits_.novelty);
          break;
        case Kind::popularity:
          value = list_mean(cut, traits_.percentile);
          break;
        case Kind::diversity:
          value = list_diversity(cut, traits_.unit_factors);
          break;
        default:
          value = ranking_value(metrics_[m], cut, relevant);
      }
    }
  }

 private:
  std::span<const RankingMetric> metrics_;
  const ItemTraits& traits_;
  UserMetrics& result_;
  std::size_t longest_;
};

}  // namespace

std::vector<double> score_offsets(const UsersView& users) {
  std::vector<double> offsets;
  if (!users.has_biases) return offsets;
  for (std::size_t user = 0; user < users.count; ++user) offsets.push_back(score_offset(users, user));
  return offsets;
}

FactorScorer::FactorScorer(const UsersView& users, const FactorView& items, std::span<const double> item_biases,
                           const KernelTable& kernels)
    : users_(users), kernels_(kernels), offsets_(score_offsets(users)) {
  const auto count = static_cast<std::size_t>(items.rows());
  ALSACE_CHECK(users.factors == items.cols(), "users and items have as many factors");
  ALSACE_CHECK(item_biases.empty() || item_biases.size() == count, "one bias an item");
  block_ = {items.data(), item_biases, 0, count};
}

void FactorScorer::score(std::size_t first_user, std::size_t count, float* scores, float* workspace) const {
  const auto offsets =
      offsets_.empty() ? std::span<const double>() : std::span<const double>(offsets_).subspan(first_user, count);
  score_items(kernels_, users_.rows + first_user * static_cast<std::size_t>(users_.factors), count, users_.factors,
              offsets, block_, scores, block_.count, workspace);
}

void CommonScorer::score(std::size_t /*first_user*/, std::size_t count, float* scores, float* /*workspace*/) const {
  for (std::size_t user = 0; user < count; ++user) std::copy(scores_.begin(), scores_.end(), scores + user * items());
}

std::vector<std::uint8_t> tested_users(const SparseRows& held_out, std::span<const std::uint32_t> unknown_items) {
  std::vector<std::uint8_t> tested(held_out.rows());
  for (std::size_t user = 0; user < tested.size(); ++user) {
    tested[user] = held_out.row_length(user) > 0 || unknown_items[user] > 0 ? 1 : 0;
  }
  return tested;
}

UserMetrics evaluate_users(const UserScorer& scorer, const UsersView& users, const SparseRows& held_out,
                           std::span<const std::uint32_t> unknown_items, std::span<const RankingMetric> metrics,
                           const ItemTraits& traits, int threads) {
  ALSACE_CHECK(held_out.rows() == users.count && unknown_items.size() == users.count, "one held-out row a user");
  UserMetrics result;
  result.values.assign(users.count * metrics.size(), 0.0);
  result.covered.resize(metrics.size());
  for (std::size_t m = 0; m < metrics.size(); ++m) {
    if (metrics[m].kind == Kind::coverage) result.covered[m].assign(scorer.items(), 0);
  }
  const std::vector<std::uint8_t> tested = tested_users(held_out, unknown_items);
  const UserEvaluator evaluate(metrics, traits, result);
  const std::size_t groups = (users.count + score_queries - 1) / score_queries;
  const std::size_t scores_size = score_queries * scorer.items();
  std::vector<float> all_scores(static_cast<std::size_t>(threads) * scores_size);
  std::vector<float> workspaces(static_cast<std::size_t>(threads) * score_workspace);
  std::exception_ptr failure;  // nothing may leave the parallel region

#pragma omp parallel for schedule(dynamic) num_threads(threads)
  for (std::size_t group = 0; group < groups; ++group) {
    const std::size_t first = group * score_queries;
    const std::size_t count = std::min(score_queries, users.count - first);
    const auto thread = static_cast<std::size_t>(omp_get_thread_num());
    const std::span<float> scores = std::span(all_scores).subspan(thread * scores_size, scores_size);
    const auto flags = std::span(tested).subspan(first, count);
    if (std::find(flags.begin(), flags.end(), std::uint8_t{1}) == flags.end()) continue;
    scorer.score(first, count, scores.data(), workspaces.data() + thread * score_workspace);
    try {
      for (std::size_t user = first; user < first + count; ++user) {
        if (tested[user] == 0) continue;
        evaluate(user, scores.subspan((user - first) * scorer.items(), scorer.items()), users.seen(user),
                 {held_out.columns_of(user), unknown_items[user]});
      }
    } catch (...) {
#pragma omp critical(evaluate_users_failure)
      failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);
  return result;
}

}  // namespace alsace
