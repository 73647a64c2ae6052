#include "mpi/serving/dealt_items.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "src/error.hpp"
#include "src/ranking/item_index.hpp"

namespace alsace::mpi {
namespace {

constexpr std::uint64_t window_rows = 65536;

/// Drops the items that are in `ids` too, which ascend.
void drop(ItemRows& items, std::span<const std::uint32_t> ids) {
  std::size_t kept = 0;
  auto dropped = ids.begin();
  for (std::size_t i = 0; i < items.ids.size(); ++i) {
    while (dropped != ids.end() && *dropped < items.ids[i]) ++dropped;
    if (dropped != ids.end() && *dropped == items.ids[i]) continue;
    items.ids[kept] = items.ids[i];
    if (kept < i) items.rows.row(static_cast<Eigen::Index>(kept)) = items.rows.row(static_cast<Eigen::Index>(i));
    if (!items.biases.empty()) items.biases[kept] = items.biases[i];
    ++kept;
  }
  items.ids.resize(kept);
  items.rows.conservativeResize(static_cast<Eigen::Index>(kept), Eigen::NoChange);
  if (!items.biases.empty()) items.biases.resize(kept);
}

}  // namespace

ItemDealer::ItemDealer(const ItemDeal& deal, std::uint64_t items, int factors, double query_norm,
                       std::size_t head_items)
    : deal_(deal), query_norm_(query_norm), most_(std::min<std::size_t>(head_items, items)) {
  const auto ranks = static_cast<std::uint64_t>(deal.ranks);
  const std::uint64_t own = (items + ranks - 1 - static_cast<std::uint64_t>(deal.rank)) / ranks;
  dealt_.part.rows.resize(static_cast<Eigen::Index>(own), factors);
  dealt_.dealt = items - most_;
  slots_.rows.resize(static_cast<Eigen::Index>(most_), factors);
}

void ItemDealer::add(const float* rows, std::size_t count, std::span<const double> biases, int threads) {
  const auto width = static_cast<std::size_t>(slots_.rows.cols());
  IndexedItems items;
  items.rows = rows;
  items.count = count;
  items.factors = static_cast<int>(width);
  items.biases = biases;
  items.query_norm = query_norm_;
  const std::vector<double> reach = most_ == 0 ? std::vector<double>(count) : reach_of(items, threads);
  for (std::size_t i = 0; i < count; ++i, ++next_) {
    const auto item = static_cast<std::uint32_t>(next_);
    offer(reach[i], item, rows + i * width, biases.empty() ? nullptr : &biases[i]);
    if (!deal_.owns(item)) continue;
    ItemRows& part = dealt_.part;
    std::copy_n(rows + i * width, width, part.rows.data() + part.ids.size() * width);
    part.ids.push_back(item);
    if (!biases.empty()) part.biases.push_back(biases[i]);
  }
}

void ItemDealer::offer(double reach, std::uint32_t item, const float* row, const double* bias) {
  Candidate candidate{reach, item, chosen_.size()};
  if (chosen_.size() == most_) {
    if (most_ == 0 || !(candidate < chosen_.front())) return;
    std::pop_heap(chosen_.begin(), chosen_.end());
    candidate.slot = chosen_.back().slot;
    chosen_.back() = candidate;
  } else {
    chosen_.push_back(candidate);
    if (bias != nullptr) slots_.biases.push_back(0);
  }
  std::push_heap(chosen_.begin(), chosen_.end());
  std::copy_n(row, slots_.rows.cols(), slots_.rows.row(static_cast<Eigen::Index>(candidate.slot)).data());
  if (bias != nullptr) slots_.biases[candidate.slot] = *bias;
}

DealtItems ItemDealer::finish() && {
  ALSACE_CHECK(next_ == dealt_.dealt + most_, "all items have come");
  std::sort(chosen_.begin(), chosen_.end(), [](const Candidate& a, const Candidate& b) { return a.item < b.item; });
  ItemRows& head = dealt_.head;
  head.rows.resize(slots_.rows.rows(), slots_.rows.cols());
  for (const Candidate& one : chosen_) {
    head.rows.row(static_cast<Eigen::Index>(head.ids.size())) = slots_.rows.row(static_cast<Eigen::Index>(one.slot));
    head.ids.push_back(one.item);
    if (!slots_.biases.empty()) head.biases.push_back(slots_.biases[one.slot]);
  }
  drop(dealt_.part, head.ids);
  return std::move(dealt_);
}

DealtItems read_dealt_items(const io::ModelReader& reader, const ItemDeal& deal, int threads) {
  const ModelInfo& info = reader.info();
  io::ModelReader::Parts rows_alone;
  rows_alone.user_ids = rows_alone.user_factors = rows_alone.seen = rows_alone.item_ids = false;
  ItemDealer dealer(deal, info.items, info.config.factors, usual_query_norm(info), deal.head_items());
  for (std::uint64_t begin = 0; begin < info.items; begin += window_rows) {
    const RowRange window{begin, std::min(begin + window_rows, info.items)};
    const ModelShard read = reader.read({}, window, rows_alone);
    dealer.add(read.item_factors.data(), window.size(), read.item_biases, threads);
  }
  return std::move(dealer).finish();
}

double usual_query_norm(const ModelInfo& info) {
  if (info.users == 0 || info.user_gramian.size() == 0) return 1;
  return std::sqrt(info.user_gramian.trace() / static_cast<double>(info.users));
}

}  // namespace alsace::mpi
