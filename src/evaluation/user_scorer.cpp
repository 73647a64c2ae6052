#include "src/evaluation/user_scorer.hpp"

#include <algorithm>
#include <utility>

#include "src/error.hpp"
#include "src/ranking/index_search.hpp"

namespace alsace {

FactorScorer::FactorScorer(const UsersView& users, const FactorView& items, std::span<const double> item_biases,
                           const KernelTable& kernels, std::optional<ItemIndex> index)
    : users_(users), kernels_(kernels), offsets_(score_offsets(users)), index_(std::move(index)) {
  const auto count = static_cast<std::size_t>(items.rows());
  ALSACE_CHECK(users.factors == items.cols(), "users and items have as many factors");
  ALSACE_CHECK(item_biases.empty() || item_biases.size() == count, "one bias an item");
  ALSACE_CHECK(!index_ || index_->count() == count, "the index has all items");
  block_ = {items.data(), item_biases, 0, count};
}

Queries FactorScorer::queries_of(std::span<const std::size_t> users) const {
  const auto width = static_cast<std::size_t>(users_.factors);
  Queries queries;
  queries.count = users.size();
  queries.factors = users_.factors;
  queries.rows.reserve(users.size() * width);
  for (const std::size_t user : users) {
    const float* row = users_.rows + user * width;
    queries.rows.insert(queries.rows.end(), row, row + width);
    if (!offsets_.empty()) queries.offsets.push_back(offsets_[user]);
    const auto seen = users_.seen(user);
    queries.excluded_items.insert(queries.excluded_items.end(), seen.begin(), seen.end());
    queries.excluded_offsets.push_back(queries.excluded_items.size());
  }
  return queries;
}

RankedLists FactorScorer::best_unseen(std::span<const std::size_t> users, std::size_t k, int threads) const {
  const Queries queries = queries_of(users);
  if (!index_) return top_k_of_block(kernels_, queries, block_, k, threads);
  SearchOptions options;
  options.threads = threads;
  return top_k_of_index(kernels_, *index_, queries, k, options);
}

void FactorScorer::score(std::size_t first_user, std::size_t count, float* scores, float* workspace) const {
  const auto offsets =
      offsets_.empty() ? std::span<const double>() : std::span<const double>(offsets_).subspan(first_user, count);
  score_items(kernels_, users_.rows + first_user * static_cast<std::size_t>(users_.factors), count, users_.factors,
              offsets, block_, scores, block_.count, workspace);
}

CommonScorer::CommonScorer(const UsersView& users, std::vector<float> scores)
    : users_(users), scores_(std::move(scores)) {
  order_.reserve(scores_.size());
  for (std::size_t item = 0; item < scores_.size(); ++item) {
    order_.push_back({scores_[item], static_cast<std::uint32_t>(item)});
  }
  std::sort(order_.begin(), order_.end(), ranks_before);
}

RankedLists CommonScorer::best_unseen(std::span<const std::size_t> users, std::size_t k, int /*threads*/) const {
  RankedLists lists;
  std::vector<ScoredItem> list;
  for (const std::size_t user : users) {
    const auto seen = users_.seen(user);
    list.clear();
    for (const ScoredItem& entry : order_) {
      if (list.size() == k) break;
      if (!std::binary_search(seen.begin(), seen.end(), entry.item)) list.push_back(entry);
    }
    lists.push_back(list);
  }
  return lists;
}

void CommonScorer::score(std::size_t /*first_user*/, std::size_t count, float* scores, float* /*workspace*/) const {
  for (std::size_t user = 0; user < count; ++user) std::copy(scores_.begin(), scores_.end(), scores + user * items());
}

}  // namespace alsace
