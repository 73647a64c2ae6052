#include "mpi/evaluation/evaluate_model.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "mpi/comm/collectives.hpp"
#include "mpi/training/distributed_sum.hpp"
#include "src/error.hpp"
#include "src/evaluation/beyond_accuracy.hpp"
#include "src/evaluation/rating_metrics.hpp"

namespace alsace::mpi {
namespace {

using Kind = RankingMetric::Kind;

bool asks_for(const std::vector<RankingMetric>& metrics, Kind kind) {
  return std::any_of(metrics.begin(), metrics.end(), [kind](const auto& metric) { return metric.kind == kind; });
}

ItemTraits traits_of(const Communicator& comm, const ShardMap& users, const UsersView& own, const FactorMatrix& items,
                     const std::vector<RankingMetric>& metrics) {
  ItemTraits traits;
  if (asks_for(metrics, Kind::novelty) || asks_for(metrics, Kind::popularity)) {
    const auto popularity = item_popularity(comm, own, static_cast<std::size_t>(items.rows()));
    traits.novelty = item_novelty(popularity, users.rows());
    traits.percentile = popularity_percentiles(popularity);
  }
  if (asks_for(metrics, Kind::diversity)) traits.unit_factors = unit_rows(items);
  return traits;
}

/// RMSE and MAE of any prediction.
Metrics rating_averages(const Communicator& comm, const ShardMap& users, const SparseRows& held_out,
                        const Predict& predict, int threads) {
  const std::vector<double> errors = rating_errors(held_out, predict, threads);
  const auto sums = distributed_sums(comm, users, errors, rating_error_width, "errors of the predicted ratings");
  const auto count = static_cast<double>(all_reduce_sum(comm, static_cast<std::uint64_t>(held_out.nonzeros())));
  if (count == 0) return {{"rmse", 0.0}, {"mae", 0.0}};
  return {{"rmse", std::sqrt(sums[static_cast<std::size_t>(RatingError::squared)] / count)},
          {"mae", sums[static_cast<std::size_t>(RatingError::absolute)] / count}};
}

}  // namespace

std::vector<std::uint64_t> item_popularity(const Communicator& comm, const UsersView& own, std::size_t items) {
  std::vector<std::uint64_t> counts(items, 0);
  for (const std::uint32_t item : own.seen_items) ++counts[item];
  all_reduce_sum(comm, std::span(counts));
  return counts;
}

RankingEvaluation::RankingEvaluation(const Communicator& comm, const ShardMap& users, const UsersView& own,
                                     const UserScorer& scorer, const FactorMatrix& items, const HeldOut& held_out,
                                     std::vector<RankingMetric> metrics, int threads)
    : comm_(comm),
      users_(users),
      own_(own),
      metrics_(std::move(metrics)),
      items_(scorer.items()),
      tested_(alsace::tested_users(held_out.by_user, held_out.unknown_items)) {
  const ItemTraits traits = traits_of(comm, users, own, items, metrics_);
  comm.run_together([&] {
    values_ = evaluate_users(scorer, own, held_out.by_user, held_out.unknown_items, metrics_, traits, threads);
  });
}

std::uint64_t RankingEvaluation::tested_users() const {
  return all_reduce_sum(comm_, static_cast<std::uint64_t>(std::count(tested_.begin(), tested_.end(), 1)));
}

std::vector<Segment> RankingEvaluation::segments(int count) const {
  std::map<std::uint64_t, std::uint64_t> users_of_length;
  for (std::size_t user = 0; user < tested_.size(); ++user) {
    if (tested_[user] != 0) ++users_of_length[own_.seen(user).size()];
  }
  std::vector<LengthCount> mine;
  for (const auto& [interactions, users] : users_of_length) mine.push_back({interactions, users});
  return quantile_segments(all_gather_vector<LengthCount>(comm_, mine), count);
}

Metrics RankingEvaluation::average(const Segment& segment) const {
  std::vector<std::uint8_t> included = tested_;
  for (std::size_t user = 0; user < included.size(); ++user) {
    const std::size_t length = own_.seen(user).size();
    if (length < segment.least || length > segment.most) included[user] = 0;
  }
  Metrics averages = average_of(included);
  for (const RankingMetric& metric : metrics_) {
    if (metric.kind == Kind::coverage) averages.erase(name_of(metric));
  }
  return averages;
}

Metrics RankingEvaluation::average_of(const std::vector<std::uint8_t>& included) const {
  const std::size_t width = metrics_.size();
  std::vector<double> values = values_.values;
  for (std::size_t user = 0; user < included.size(); ++user) {
    if (included[user] == 0) std::fill_n(values.begin() + static_cast<std::ptrdiff_t>(user * width), width, 0.0);
  }
  const auto sums = distributed_sums(comm_, users_, values, width, "metrics of the held-out data");
  const auto count = static_cast<double>(
      all_reduce_sum(comm_, static_cast<std::uint64_t>(std::count(included.begin(), included.end(), 1))));
  Metrics averages;
  for (std::size_t m = 0; m < width; ++m) averages[name_of(metrics_[m])] = count == 0 ? 0 : sums[m] / count;
  for (const auto& [name, value] : coverage()) averages[name] = value;
  return averages;
}

Metrics RankingEvaluation::coverage() const {
  Metrics shares;
  for (std::size_t m = 0; m < metrics_.size(); ++m) {
    if (metrics_[m].kind != Kind::coverage) continue;
    std::vector<std::uint8_t> covered = values_.covered[m];
    all_reduce_max(comm_, std::span(covered));
    const auto count = static_cast<double>(std::count(covered.begin(), covered.end(), 1));
    shares[name_of(metrics_[m])] = items_ == 0 ? 0 : count / static_cast<double>(items_);
  }
  return shares;
}

Metrics evaluate_ranking(const Communicator& comm, const ShardMap& users, const UsersView& own,
                         const FactorMatrix& items, const std::vector<double>& item_biases, const HeldOut& held_out,
                         const std::vector<RankingMetric>& metrics, const KernelTable& kernels, int threads) {
  const FactorScorer scorer(own, items, item_biases, kernels);
  return RankingEvaluation(comm, users, own, scorer, items, held_out, metrics, threads).average();
}

Metrics evaluate_ratings(const Communicator& comm, const ShardMap& users, const UsersView& own,
                         const FactorMatrix& items, const std::vector<double>& item_biases, const HeldOut& held_out,
                         const KernelTable& kernels, int threads) {
  const std::vector<double> offsets = score_offsets(own);
  const auto predict = [&](std::size_t user, std::uint32_t item) -> double {
    float product = 0;
    kernels.inner_products(own.rows + user * static_cast<std::size_t>(own.factors), 1, items.row(item).data(), 1,
                           own.factors, &product);
    if (offsets.empty()) return product;
    return score_of(product, item_biases.empty() ? 0.0 : item_biases[item], offsets[user]);
  };
  return rating_averages(comm, users, held_out.by_user, predict, threads);
}

Metrics evaluate_bias_model(const Communicator& comm, const ShardMap& users, const UsersView& own,
                            const std::vector<double>& item_biases, const HeldOut& held_out, bool mean_only,
                            int threads) {
  const auto predict = [&](std::size_t user, std::uint32_t item) {
    if (mean_only) return own.mean;
    return own.mean + (own.biases.empty() ? 0.0 : own.biases[user]) + (item_biases.empty() ? 0.0 : item_biases[item]);
  };
  return rating_averages(comm, users, held_out.by_user, predict, threads);
}

}  // namespace alsace::mpi
