#include "mpi/evaluation/evaluate_model.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "io/system.hpp"
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

ItemTraits traits_of(const Communicator& comm, const ShardMap& users, const UsersView& own, const FactorView& items,
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

bool within(const Segment& segment, std::size_t interactions) {
  return segment.least <= interactions && interactions <= segment.most;
}

}  // namespace

std::optional<ItemIndex> index_for_lists(const Communicator& comm, const UsersView& own, const FactorView& items,
                                         const std::vector<double>& item_biases, const HeldOut& held_out,
                                         const std::vector<RankingMetric>& metrics, int threads) {
  // To make the index takes as long as to score all items for about 100 users: measured over 16 to 128 factors, 1,000
  // to 400,000 items and lists of 20 and 100.
  constexpr std::ptrdiff_t least_users = 128;
  std::optional<ItemIndex> index;
  comm.run_together([&] {
    const auto tested = tested_users(held_out.by_user, held_out.unknown_items);
    if (longest_cut_off(metrics) == 0 || std::count(tested.begin(), tested.end(), 1) < least_users) return;
    IndexedItems indexed;
    indexed.rows = items.data();
    indexed.count = static_cast<std::size_t>(items.rows());
    indexed.factors = static_cast<int>(items.cols());
    indexed.biases = item_biases;
    if (!item_biases.empty()) indexed.query_norm = usual_length(own);
    index.emplace(indexed, threads, io::advise_huge_pages);
  });
  return index;
}

std::vector<std::uint64_t> item_popularity(const Communicator& comm, const UsersView& own, std::size_t items) {
  std::vector<std::uint64_t> counts(items, 0);
  for (const std::uint32_t item : own.seen_items) ++counts[item];
  all_reduce_sum(comm, std::span(counts));
  return counts;
}

RankingEvaluation::RankingEvaluation(const Communicator& comm, const ShardMap& users, const UsersView& own,
                                     const UserScorer& scorer, const FactorView& items, const HeldOut& held_out,
                                     std::vector<RankingMetric> metrics, int threads)
    : comm_(comm),
      users_(users),
      own_(own),
      metrics_(std::move(metrics)),
      items_(scorer.items()),
      tested_(tested_users(held_out.by_user, held_out.unknown_items)) {
  const ItemTraits traits = traits_of(comm, users, own, items, metrics_);
  comm.run_together([&] {
    values_ = evaluate_users(scorer, own, held_out.by_user, held_out.unknown_items, metrics_, traits, threads);
  });
}

Metrics RankingEvaluation::average(const Segment& segment) const {
  std::vector<std::uint8_t> included = tested_;
  for (std::size_t user = 0; user < included.size(); ++user) {
    if (!within(segment, own_.seen(user).size())) included[user] = 0;
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

Metrics evaluate_ranking(const Communicator& comm, const ShardMap& users, const UsersView& own, const FactorView& items,
                         const std::vector<double>& item_biases, const HeldOut& held_out,
                         const std::vector<RankingMetric>& metrics, const KernelTable& kernels, int threads) {
  const FactorScorer scorer(own, items, item_biases, kernels,
                            index_for_lists(comm, own, items, item_biases, held_out, metrics, threads));
  return RankingEvaluation(comm, users, own, scorer, items, held_out, metrics, threads).average();
}

std::vector<Segment> user_segments(const Communicator& comm, const UsersView& own, const HeldOut& held_out, int count) {
  const auto tested = tested_users(held_out.by_user, held_out.unknown_items);
  std::map<std::uint64_t, std::uint64_t> users_of_length;
  for (std::size_t user = 0; user < tested.size(); ++user) {
    if (tested[user] != 0) ++users_of_length[own.seen(user).size()];
  }
  std::vector<LengthCount> mine;
  mine.reserve(users_of_length.size());
  for (const auto& [interactions, users] : users_of_length) mine.push_back({interactions, users});
  return quantile_segments(all_gather_vector<LengthCount>(comm, mine), count);
}

Predict model_prediction(const UsersView& own, const FactorView& items, const std::vector<double>& item_biases,
                         const KernelTable& kernels) {
  return [&own, &items, &item_biases, &kernels, offsets = score_offsets(own)](std::size_t user,
                                                                              std::uint32_t item) -> double {
    float product = 0;
    kernels.inner_products(own.rows + user * static_cast<std::size_t>(own.factors), 1, items.row(item).data(), 1,
                           own.factors, &product);
    if (offsets.empty()) return product;
    return score_of(product, item_biases.empty() ? 0.0 : item_biases[item], offsets[user]);
  };
}

Predict bias_prediction(const UsersView& own, const std::vector<double>& item_biases) {
  return [&own, &item_biases](std::size_t user, std::uint32_t item) {
    return score_offset(own, user) + (item_biases.empty() ? 0.0 : item_biases[item]);
  };
}

Predict mean_prediction(const UsersView& own) {
  return [mean = own.mean](std::size_t, std::uint32_t) { return mean; };
}

RatingEvaluation::RatingEvaluation(const Communicator& comm, const ShardMap& users, const UsersView& own,
                                   const HeldOut& held_out, const Predict& predict, int threads)
    : comm_(comm),
      users_(users),
      own_(own),
      held_out_(held_out),
      errors_(rating_errors(held_out.by_user, predict, threads)) {}

Metrics RatingEvaluation::average() const {
  return average({0, ~std::uint64_t{0}, 0});
}

Metrics RatingEvaluation::average(const Segment& segment) const {
  std::vector<double> errors = errors_;
  std::uint64_t pairs = 0;
  for (std::size_t user = 0; user < own_.count; ++user) {
    if (within(segment, own_.seen(user).size())) {
      pairs += held_out_.by_user.row_length(user);
    } else {
      std::fill_n(errors.begin() + static_cast<std::ptrdiff_t>(user * rating_error_width), rating_error_width, 0.0);
    }
  }
  const auto sums = distributed_sums(comm_, users_, errors, rating_error_width, "errors of the predicted ratings");
  pairs = all_reduce_sum(comm_, pairs);
  if (pairs == 0) return {};
  const auto count = static_cast<double>(pairs);
  return {{"rmse", std::sqrt(sums[static_cast<std::size_t>(RatingError::squared)] / count)},
          {"mae", sums[static_cast<std::size_t>(RatingError::absolute)] / count}};
}

Metrics evaluate_ratings(const Communicator& comm, const ShardMap& users, const UsersView& own, const FactorView& items,
                         const std::vector<double>& item_biases, const HeldOut& held_out, const KernelTable& kernels,
                         int threads) {
  const Predict predict = model_prediction(own, items, item_biases, kernels);
  return RatingEvaluation(comm, users, own, held_out, predict, threads).average();
}

}  // namespace alsace::mpi
