#include "src/evaluation/evaluate_users.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <utility>

#include <omp.h>

#include "src/error.hpp"
#include "src/evaluation/beyond_accuracy.hpp"
#include "src/ranking/batch_size.hpp"

namespace alsace {
namespace {

using Kind = RankingMetric::Kind;

void mark_covered(std::span<const ScoredItem> list, std::vector<std::uint8_t>& covered) {
  for (const ScoredItem& entry : list) {
    std::atomic_ref<std::uint8_t>(covered[entry.item]).store(1, std::memory_order_relaxed);
  }
}

/// What one user's list is worth by a metric.
double list_value(const RankingMetric& metric, std::span<const ScoredItem> list, const Relevant& relevant,
                  const ItemTraits& traits) {
  switch (metric.kind) {
    case Kind::novelty:
      return list_mean(list, traits.novelty);
    case Kind::popularity:
      return list_mean(list, traits.percentile);
    case Kind::diversity:
      return list_diversity(list, traits.unit_factors);
    default:
      return ranking_value(metric, list, relevant);
  }
}

/// Runs `task` for 0 to count − 1, each by any thread. Throws what one of them threw.
template <class Task>
void for_each(std::size_t count, int threads, const Task& task) {
  std::exception_ptr failure;  // nothing may leave the parallel region
#pragma omp parallel for schedule(dynamic) num_threads(threads)
  for (std::size_t i = 0; i < count; ++i) {
    try {
      task(i);
    } catch (...) {
#pragma omp critical(evaluate_users_failure)
      failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);
}

/// The metrics of the users of one shard, by which of them need what.
class ShardEvaluation {
 public:
  ShardEvaluation(const UserScorer& scorer, const UsersView& users, const SparseRows& held_out,
                  std::span<const std::uint32_t> unknown_items, std::span<const RankingMetric> metrics,
                  const ItemTraits& traits, int threads)
      : scorer_(scorer),
        users_(users),
        held_out_(held_out),
        unknown_items_(unknown_items),
        metrics_(metrics),
        traits_(traits),
        threads_(threads) {
    const std::vector<std::uint8_t> tested = alsace::tested_users(held_out, unknown_items);
    for (std::size_t user = 0; user < tested.size(); ++user) {
      if (tested[user] != 0) tested_.push_back(user);
    }
    result_.values.assign(users.count * metrics.size(), 0.0);
    result_.covered.resize(metrics.size());
  }

  UserMetrics run() {
    if (longest_cut_off(metrics_) > 0) measure_lists();
    for (std::size_t m = 0; m < metrics_.size(); ++m) {
      if (metrics_[m].kind == Kind::auc) measure_scores(m);
    }
    return std::move(result_);
  }

 private:
  [[nodiscard]] double& value(std::size_t user, std::size_t metric) {
    return result_.values[user * metrics_.size() + metric];
  }
  [[nodiscard]] Relevant relevant(std::size_t user) const { return {held_out_.columns_of(user), unknown_items_[user]}; }

  void measure_lists() {
    for (std::size_t m = 0; m < metrics_.size(); ++m) {
      if (metrics_[m].kind == Kind::coverage) result_.covered[m].assign(scorer_.items(), 0);
    }
    const auto longest = static_cast<std::size_t>(longest_cut_off(metrics_));
    const std::size_t together = batch_size(longest, scorer_.items());
    for (std::size_t begin = 0; begin < tested_.size(); begin += together) {
      const auto users = std::span(tested_).subspan(begin, std::min(together, tested_.size() - begin));
      const RankedLists lists = scorer_.best_unseen(users, longest, threads_);
      for_each(users.size(), threads_, [&](std::size_t i) { measure_list(users[i], lists[i]); });
    }
  }

  void measure_list(std::size_t user, std::span<const ScoredItem> list) {
    for (std::size_t m = 0; m < metrics_.size(); ++m) {
      const auto cut = list.first(std::min(list.size(), static_cast<std::size_t>(metrics_[m].k)));
      if (metrics_[m].kind == Kind::coverage) {
        mark_covered(cut, result_.covered[m]);
      } else if (metrics_[m].kind != Kind::auc) {
        value(user, m) = list_value(metrics_[m], cut, relevant(user), traits_);
      }
    }
  }

  /// Scores of users side by side, since the items are read once for them.
  void measure_scores(std::size_t metric) {
    const std::size_t items = scorer_.items();
    std::vector<std::vector<float>> scores(static_cast<std::size_t>(threads_));
    for (auto& own : scores) own.resize(score_queries * items + score_workspace);
    for_each((users_.count + score_queries - 1) / score_queries, threads_, [&](std::size_t group) {
      const std::size_t first = group * score_queries;
      const std::size_t end = std::min(first + score_queries, users_.count);
      const auto begin = std::lower_bound(tested_.begin(), tested_.end(), first);
      if (begin == tested_.end() || *begin >= end) return;
      const std::span<float> own = scores[static_cast<std::size_t>(omp_get_thread_num())];
      scorer_.score(first, end - first, own.data(), own.data() + score_queries * items);
      for (auto user = begin; user != tested_.end() && *user < end; ++user) {
        const auto of_user = own.subspan((*user - first) * items, items);
        value(*user, metric) = area_under_curve(of_user, users_.seen(*user), relevant(*user));
      }
    });
  }

  const UserScorer& scorer_;
  const UsersView& users_;
  const SparseRows& held_out_;
  std::span<const std::uint32_t> unknown_items_;
  std::span<const RankingMetric> metrics_;
  const ItemTraits& traits_;
  int threads_;
  std::vector<std::size_t> tested_;
  UserMetrics result_;
};

}  // namespace

std::vector<std::uint8_t> tested_users(const SparseRows& held_out, std::span<const std::uint32_t> unknown_items) {
  std::vector<std::uint8_t> tested(held_out.rows());
  for (std::size_t user = 0; user < tested.size(); ++user) {
    tested[user] = held_out.row_length(user) > 0 || unknown_items[user] > 0 ? 1 : 0;
  }
  return tested;
}

std::uint64_t interactions_seen(const UsersView& users, const SparseRows& held_out) {
  std::uint64_t seen = 0;
  for (std::size_t user = 0; user < users.count; ++user) {
    const auto known = users.seen(user);
    for (const std::uint32_t item : held_out.columns_of(user))
      seen += std::uint64_t{std::binary_search(known.begin(), known.end(), item)};
  }
  return seen;
}

UserMetrics evaluate_users(const UserScorer& scorer, const UsersView& users, const SparseRows& held_out,
                           std::span<const std::uint32_t> unknown_items, std::span<const RankingMetric> metrics,
                           const ItemTraits& traits, int threads) {
  ALSACE_CHECK(held_out.rows() == users.count && unknown_items.size() == users.count, "one held-out row a user");
  return ShardEvaluation(scorer, users, held_out, unknown_items, metrics, traits, threads).run();
}

}  // namespace alsace
