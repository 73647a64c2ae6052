#include "src/ranking/item_index.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <utility>

#include <fmt/format.h>
#include <omp.h>

#include "src/error.hpp"

namespace alsace {
namespace {

/// Codes of a chunk: with the queries of a scan they stay in the second-level cache while tile after tile of queries
/// reads them.
constexpr std::size_t chunk_bytes = 128 * 1024;
constexpr std::size_t first_chunk = 16;
constexpr std::size_t longest_of_all = 4096;

/// Within so many items of nearly the same norm, those of similar largest entries are brought together, since the items
/// of a group share a scale.
constexpr std::size_t sort_window = 256;
/// With principal parts those of similar tails are, since a group is tested with its longest, which matters more than
/// the scale. The first window stays: it is always scanned whole, and searches begin there.
constexpr std::size_t tail_window = 1024;

constexpr std::size_t groups_of(std::size_t items) {
  return (items + scan_group - 1) / scan_group;
}

std::vector<float> largest_magnitudes(const IndexedItems& items, int threads) {
  std::vector<float> largest(items.count);
  const auto width = static_cast<std::size_t>(items.factors);
#pragma omp parallel for schedule(static) num_threads(threads)
  for (std::size_t i = 0; i < items.count; ++i) largest[i] = largest_magnitude({items.rows + i * width, width});
  return largest;
}

std::vector<std::uint32_t> sorted_order(std::span<const double> reach, std::span<const float> largest) {
  std::vector<std::uint32_t> order(reach.size());
  std::iota(order.begin(), order.end(), 0U);
  const auto by = [](const auto& key) {
    return [key](std::uint32_t a, std::uint32_t b) { return key[a] > key[b] || (key[a] == key[b] && a < b); };
  };
  std::sort(order.begin(), order.end(), by(reach));
  for (std::size_t begin = 0; begin < order.size(); begin += sort_window) {
    const std::size_t end = std::min(begin + sort_window, order.size());
    std::sort(order.begin() + static_cast<std::ptrdiff_t>(begin), order.begin() + static_cast<std::ptrdiff_t>(end),
              by(largest));
  }
  return order;
}

}  // namespace

std::vector<double> reach_of(const IndexedItems& items, int threads) {
  std::vector<double> reach(items.count);
  const auto width = static_cast<std::size_t>(items.factors);
#pragma omp parallel for schedule(static) num_threads(threads)
  for (std::size_t i = 0; i < items.count; ++i) {
    const double norm = length_of({items.rows + i * width, width});
    reach[i] = items.query_norm * norm + (items.biases.empty() ? 0 : items.biases[i]);
  }
  return reach;
}

ItemIndex::Arranged ItemIndex::arrange(const IndexedItems& items, int threads, PageAdvice advice) {
  ALSACE_CHECK(items.ids.empty() || items.ids.size() == items.count, "one id an item");
  ALSACE_CHECK(items.biases.empty() || items.biases.size() == items.count, "one bias an item");
  ALSACE_CHECK(items.factors >= 1 && items.factors <= 4096, fmt::format("factors = {}", items.factors));
  const auto width = static_cast<std::size_t>(items.factors);
  const std::vector<float> largest = largest_magnitudes(items, threads);
  Arranged arranged{sorted_order(reach_of(items, threads), largest), {items.count * width, advice}, 0};
#pragma omp parallel for schedule(static) num_threads(threads)
  for (std::size_t p = 0; p < items.count; ++p)
    std::copy_n(items.rows + arranged.order[p] * width, width, arranged.rows.data() + p * width);
  if (items.count > 0) arranged.largest = *std::max_element(largest.begin(), largest.end());
  return arranged;
}

ItemIndex::ItemIndex(const IndexedItems& items, int threads, PageAdvice advice)
    : ItemIndex(items, arrange(items, threads, advice), threads, advice) {}

ItemIndex::ItemIndex(const IndexedItems& items, Arranged arranged, int threads, PageAdvice advice)
    : factors_(items.factors),
      rows_(std::move(arranged.rows)),
      basis_(rows_.data(), items.count, items.factors),
      steps_(scan_steps(items.factors)),
      codes_(groups_of(items.count) * scan_group * steps_ * 4 + scan_slack_bytes, advice),
      principal_codes_(groups_of(items.count) * scan_group * principal_steps() * 4 + scan_slack_bytes, advice) {
  // All levels turn rows into the same bits.
  const KernelTable& kernels = kernel_table(supported_kernel_levels().back());
  if (!basis_.empty()) sort_by_tails(kernels, arranged.order, threads);
  ids_.resize(items.count);
  if (!items.biases.empty()) biases_.resize(items.count);
  for (std::size_t p = 0; p < items.count; ++p) {
    const std::uint32_t from = arranged.order[p];
    ids_[p] = items.ids.empty() ? from : items.ids[from];
    if (!biases_.empty()) biases_[p] = items.biases[from];
  }
  by_id_.resize(items.count);
  std::iota(by_id_.begin(), by_id_.end(), 0U);
  std::sort(by_id_.begin(), by_id_.end(), [&](std::uint32_t a, std::uint32_t b) { return ids_[a] < ids_[b]; });

  double largest_bias = 0;
  for (const double bias : biases_) largest_bias = std::max(largest_bias, std::fabs(bias));
  if (largest_bias > 0) units_.biases = 2 * unit_of(largest_bias);
  units_.factors = unit_of(arranged.largest);

  const std::size_t group_count = groups_of(count());
  for (std::vector<float>* const of_groups : {&inverse_scales_, &errors_, &lengths_, &tail_lengths_})
    of_groups->resize(group_count);
  if (has_biases()) scan_biases_.resize(group_count * scan_group);
  std::vector<double> norms(count());
#pragma omp parallel for schedule(static) num_threads(threads)
  for (std::size_t g = 0; g < group_count; ++g) quantize_group(kernels, g, norms);
  std::memset(codes_.data() + group_count * scan_group * steps_ * 4, 0, scan_slack_bytes);
  std::memset(principal_codes_.data() + group_count * scan_group * principal_steps() * 4, 0, scan_slack_bytes);
  cut_into_chunks(norms, items.before);
}

void ItemIndex::sort_by_tails(const KernelTable& kernels, std::span<std::uint32_t> order, int threads) {
  const std::size_t windows = (order.size() + tail_window - 1) / tail_window;
  // Nothing below can throw.
  std::vector<float> rows(static_cast<std::size_t>(threads) * tail_window * width());
#pragma omp parallel for schedule(static) num_threads(threads)
  for (std::size_t w = 1; w < windows; ++w) {
    const std::size_t begin = w * tail_window;
    float* const copy = rows.data() + static_cast<std::size_t>(omp_get_thread_num()) * tail_window * width();
    sort_window_by_tails(kernels, begin, order.subspan(begin, std::min(tail_window, order.size() - begin)), copy);
  }
}

void ItemIndex::sort_window_by_tails(const KernelTable& kernels, std::size_t begin, std::span<std::uint32_t> order,
                                     float* copy) {
  struct Item {
    double tail;  // squared
    std::uint32_t place;
    std::uint32_t source;
  };
  Item items[tail_window];
  double turned[PrincipalBasis::most_rows * PrincipalBasis::most_factors];
  const auto principal = static_cast<std::size_t>(basis_.principal());
  for (std::size_t i = 0; i < order.size(); ++i) {
    const std::size_t of_turned = i % PrincipalBasis::most_rows;
    if (of_turned == 0)
      basis_.turn(kernels, row(begin + i), std::min(PrincipalBasis::most_rows, order.size() - i), turned);
    const double* const of_row = turned + of_turned * width();
    const double squares = std::inner_product(of_row + principal, of_row + width(), of_row + principal, 0.0);
    items[i] = {squares, static_cast<std::uint32_t>(i), order[i]};
  }
  std::sort(items, items + order.size(),
            [](const Item& a, const Item& b) { return a.tail > b.tail || (a.tail == b.tail && a.place < b.place); });
  float* const rows = rows_.data() + begin * width();
  std::copy_n(rows, order.size() * width(), copy);
  for (std::size_t i = 0; i < order.size(); ++i) {
    std::copy_n(copy + items[i].place * width(), width(), rows + i * width());
    order[i] = items[i].source;
  }
}

void ItemIndex::quantize_group(const KernelTable& kernels, std::size_t group, std::span<double> norms) {
  const std::size_t begin = group * scan_group;
  const std::size_t end = std::min(begin + scan_group, count());
  double turned[scan_group * PrincipalBasis::most_factors];
  const auto turned_row = [&](std::size_t p) { return std::span(turned + (p - begin) * width(), width()); };
  if (!basis_.empty()) basis_.turn(kernels, row(begin), end - begin, turned);
  const double largest = basis_.empty()
                             ? static_cast<double>(largest_magnitude(std::span(row(begin), (end - begin) * width())))
                             : largest_magnitude(std::span<const double>(turned, (end - begin) * width()));
  const double scale = std::max(largest / 127, units_.factors * 0x1p-40);
  const double rounding = summation_error(factors_) + basis_.error();
  const auto principal = static_cast<std::size_t>(basis_.principal());
  std::uint8_t* const codes = codes_.data() + group * scan_group * steps_ * 4;
  std::memset(codes, 128, scan_group * steps_ * 4);
  double error = 0;
  double length = 0;
  double tail_length = 0;
  std::int8_t row_codes[4096];
  for (std::size_t p = begin; p < end; ++p) {
    const QuantizedRow quantized = basis_.empty() ? quantize(std::span(row(p), width()), scale, row_codes)
                                                  : quantize(std::span<const double>(turned_row(p)), scale, row_codes);
    norms[p] = quantized.norm / (1 - basis_.error()) * enlarged;
    error = std::max(error, quantized.rest + rounding * norms[p]);
    length = std::max(length, quantized.code_norm);
    tail_length = std::max(tail_length, length_of_codes(std::span(row_codes + principal, width() - principal)));
    for (std::size_t k = 0; k < width(); ++k)
      codes[k / 4 * scan_group * 4 + (p - begin) * 4 + k % 4] = static_cast<std::uint8_t>(row_codes[k] + 128);
    if (has_biases() && units_.biases > 0)
      scan_biases_[p] = static_cast<float>(biases_[p] / units_.biases * (units_.factors / scale));
  }
  std::copy_n(codes, principal_steps() * scan_group * 4, principal_codes_.data() + begin * principal_steps() * 4);
  inverse_scales_[group] = static_cast<float>(units_.factors / scale);
  errors_[group] = static_cast<float>(error / scale);
  lengths_[group] = static_cast<float>(length);
  tail_lengths_[group] = static_cast<float>(tail_length);
}

void ItemIndex::cut_into_chunks(std::span<const double> norms, std::size_t before) {
  const std::size_t most =
      std::clamp(chunk_bytes / (steps_ * 4) / sort_window * sort_window, sort_window, longest_of_all);
  for (std::size_t begin = 0; begin < count();) {
    const std::size_t length = std::clamp((before + begin) / 2 / scan_group * scan_group, first_chunk, most);
    chunks_.push_back({begin, std::min(begin + length, count()), 0, 0});
    begin += length;
  }
  double most_norm = 0;
  double most_bias = biases_.empty() ? 0 : biases_.back();
  for (auto chunk = chunks_.rbegin(); chunk != chunks_.rend(); ++chunk) {
    for (std::size_t p = chunk->begin; p < chunk->end; ++p) {
      most_norm = std::max(most_norm, norms[p]);
      if (!biases_.empty()) most_bias = std::max(most_bias, biases_[p]);
    }
    chunk->most_norm = most_norm;
    chunk->most_bias = most_bias;
    longest_chunk_ = std::max(longest_chunk_, chunk->end - chunk->begin);
  }
}

std::optional<std::size_t> ItemIndex::position_of(std::uint32_t id) const {
  const auto found =
      std::lower_bound(by_id_.begin(), by_id_.end(), id,
                       [&](std::uint32_t position, std::uint32_t sought) { return ids_[position] < sought; });
  if (found == by_id_.end() || ids_[*found] != id) return std::nullopt;
  return *found;
}

std::size_t ItemIndex::bytes() const {
  const auto size = [](const auto&... arrays) { return ((arrays.size() * sizeof(arrays[0])) + ...); };
  return count() * width() * sizeof(float) + groups_of(count()) * scan_group * (steps_ + principal_steps()) * 4 +
         basis_.bytes() +
         size(ids_, by_id_, biases_, inverse_scales_, errors_, lengths_, tail_lengths_, scan_biases_, chunks_);
}

std::size_t ItemIndex::id_range() const {
  return by_id_.empty() ? 0 : std::size_t{ids_[by_id_.back()]} - ids_[by_id_.front()] + 1;
}

ScanItems ItemIndex::scan_items(std::size_t position, bool biased) const {
  const std::size_t group = position / scan_group;
  return {codes_.data() + group * scan_group * steps_ * 4,
          inverse_scales_.data() + group,
          errors_.data() + group,
          lengths_.data() + group,
          tail_lengths_.data() + group,
          biased ? scan_biases_.data() + group * scan_group : nullptr,
          steps_};
}

ScanItems ItemIndex::scan_principal(std::size_t position, bool biased) const {
  ScanItems items = scan_items(position, biased);
  items.steps = principal_steps();
  items.codes = principal_codes_.data() + position / scan_group * scan_group * items.steps * 4;
  return items;
}

}  // namespace alsace
