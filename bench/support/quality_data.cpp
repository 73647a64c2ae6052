#include "bench/support/quality_data.hpp"

#include <numeric>

#include "src/als/serial_trainer.hpp"
#include "src/data/split.hpp"
#include "src/evaluation/evaluate_users.hpp"

namespace alsace::bench {

QualityData hold_out(const Interactions& all, std::size_t stride) {
  const SplitConfig split;
  QualityData data;
  data.train.name = all.name;
  SparseRows& train = data.train.by_user;
  for (std::size_t user = 0; user < all.by_user.rows(); ++user) {
    const auto items = all.by_user.columns_of(user);
    const std::vector<Part> parts = split_row(split, {}, user, items, {});
    const bool tested = user % stride == 0;
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (parts[i] == Part::train) {
        train.columns.push_back(items[i]);
        if (tested) data.seen_items.push_back(items[i]);
      } else if (tested) {
        data.held_out.columns.push_back(items[i]);
      }
    }
    train.offsets.push_back(train.columns.size());
    if (!tested) continue;
    data.tested_users.push_back(user);
    data.held_out.offsets.push_back(data.held_out.columns.size());
    data.seen_offsets.push_back(data.seen_items.size());
  }
  train.values.assign(train.nonzeros(), 1.0F);
  data.held_out.values.assign(data.held_out.nonzeros(), 1.0F);
  data.train.by_item = transpose(train, all.by_item.rows());
  return data;
}

double ndcg_at_100(const QualityData& data, const FactorMatrix& users, const FactorMatrix& items,
                   const KernelTable& kernels, int threads) {
  FactorMatrix rows(static_cast<Eigen::Index>(data.tested_users.size()), users.cols());
  for (std::size_t i = 0; i < data.tested_users.size(); ++i)
    rows.row(static_cast<Eigen::Index>(i)) = users.row(static_cast<Eigen::Index>(data.tested_users[i]));
  UsersView view;
  view.count = data.tested_users.size();
  view.factors = static_cast<int>(users.cols());
  view.rows = rows.data();
  view.seen_offsets = data.seen_offsets;
  view.seen_items = data.seen_items;
  const FactorScorer scorer(view, items, {}, kernels);
  const std::vector<std::uint32_t> unknown(view.count, 0);
  const std::vector<RankingMetric> metrics{parse_metric("ndcg@100")};
  const auto values = evaluate_users(scorer, view, data.held_out, unknown, metrics, {}, threads).values;
  const auto tested = tested_users(data.held_out, unknown);
  return std::accumulate(values.begin(), values.end(), 0.0) / std::accumulate(tested.begin(), tested.end(), 0.0);
}

}  // namespace alsace::bench
