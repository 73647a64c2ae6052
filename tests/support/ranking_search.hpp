#pragma once

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "src/ranking/index_search.hpp"
#include "src/ranking/item_index.hpp"
#include "tests/support/ranking_data.hpp"

namespace alsace::test {

inline ItemIndex index_of(const FactorMatrix& items, std::span<const double> biases = {}, int threads = 1) {
  return {{items.data(), static_cast<std::size_t>(items.rows()), static_cast<int>(items.cols()), {}, biases}, threads};
}

inline ItemBlock block_of(const FactorMatrix& items, std::span<const double> biases = {}) {
  return {items.data(), biases, 0, static_cast<std::size_t>(items.rows())};
}

/// The first query whose list is another than brute force's, or "".
inline std::string first_difference(const RankedLists& actual, const RankedLists& expected) {
  if (actual.size() != expected.size()) return "another number of lists";
  for (std::size_t q = 0; q < actual.size(); ++q) {
    const auto a = actual[q];
    const auto e = expected[q];
    if (std::equal(a.begin(), a.end(), e.begin(), e.end())) continue;
    const auto [at, wanted] = std::mismatch(a.begin(), a.end(), e.begin(), e.end());
    const auto text = [](auto from, auto end) {
      return from == end ? std::string("nothing") : fmt::format("item {} with {}", from->item, from->score);
    };
    return fmt::format("query {}, place {}: {}, expected {}", q, at - a.begin(), text(at, a.end()),
                       text(wanted, e.end()));
  }
  return "";
}

/// How many queries each cell of the great tables gets: 10000 before a release, which takes two hours.
inline std::size_t queries_a_cell() {
  const char* const text = std::getenv("ALSACE_TEST_QUERIES");
  return text == nullptr ? 30 : static_cast<std::size_t>(std::strtoul(text, nullptr, 10));
}

/// The first k scores of merged lists as thresholds, where lists are as long as they can become.
inline std::vector<float> thresholds_of(const RankedLists& lists, std::span<const std::uint32_t> takes) {
  std::vector<float> thresholds;
  for (std::size_t q = 0; q < lists.size(); ++q)
    thresholds.push_back(takes[q] > 0 && lists[q].size() == takes[q] ? lists[q].back().score : no_threshold);
  return thresholds;
}

/// Items by position in `chosen`, with their rows, biases and ids; `before` them others are searched.
struct Part {
  std::vector<float> rows;
  std::vector<double> biases;
  std::vector<std::uint32_t> ids;
  std::unique_ptr<ItemIndex> index;

  Part(const FactorMatrix& items, std::span<const double> all_biases, std::span<const std::uint32_t> chosen,
       std::size_t before = 0) {
    for (const std::uint32_t i : chosen) {
      const auto row = items.row(static_cast<Eigen::Index>(i));
      rows.insert(rows.end(), row.data(), row.data() + row.size());
      if (!all_biases.empty()) biases.push_back(all_biases[i]);
      ids.push_back(i);
    }
    index = std::make_unique<ItemIndex>(
        IndexedItems{rows.data(), ids.size(), static_cast<int>(items.cols()), ids, biases, 1, before}, 1);
  }
};

/// The items behind a common head of `head_size`, dealt to parts in the order of what they can reach.
struct Parts {
  Part head;
  std::vector<Part> parts;

  Parts(const FactorMatrix& items, std::span<const double> biases, std::size_t head_size, std::size_t count)
      : Parts(items, biases, order_of(items, biases), head_size, count) {}

  /// Searched side by side as ranks do, which tell each other their thresholds where parts have come to these positions
  /// of the whole; every other one knows those of the head from the beginning.
  [[nodiscard]] RankedLists search(const KernelTable& kernels, const Queries& queries, std::size_t k,
                                   std::span<const std::size_t> positions) const {
    std::vector<std::uint32_t> takes(queries.count, static_cast<std::uint32_t>(k));
    for (std::size_t q = 0; q < queries.takes.size(); ++q) takes[q] = std::min(takes[q], queries.takes[q]);
    const RankedLists of_head = top_k_of_index(kernels, *head.index, queries, k, {});
    const std::vector<float> known = thresholds_of(of_head, takes);
    std::vector<std::unique_ptr<IndexSearch>> searches;
    for (const Part& part : parts) {
      const auto from_outside = searches.size() % 2 == 0 ? std::span(known) : std::span<const float>();
      searches.push_back(
          std::make_unique<IndexSearch>(kernels, *part.index, queries, k, SearchOptions{}, from_outside));
    }
    RankedLists merged = of_head;
    for (const std::size_t position : positions) {
      merged = of_head;
      for (auto& search : searches) {
        search->advance(position / parts.size());
        merged = merge_top_k(merged, search->lists(), takes);
      }
      for (auto& search : searches) search->raise_thresholds(thresholds_of(merged, takes));
    }
    merged = of_head;
    for (auto& search : searches) merged = merge_top_k(merged, search->finish(), takes);
    return merged;
  }

 private:
  static std::vector<std::uint32_t> order_of(const FactorMatrix& items, std::span<const double> biases) {
    const auto count = static_cast<std::size_t>(items.rows());
    const std::vector<double> reach = reach_of({items.data(), count, static_cast<int>(items.cols()), {}, biases, 1}, 1);
    std::vector<std::uint32_t> order(count);
    std::iota(order.begin(), order.end(), 0U);
    std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return reach[a] > reach[b]; });
    return order;
  }
  Parts(const FactorMatrix& items, std::span<const double> biases, std::span<const std::uint32_t> order,
        std::size_t head_size, std::size_t count)
      : head(items, biases, order.first(head_size)) {
    for (std::size_t part = 0; part < count; ++part) {
      std::vector<std::uint32_t> chosen;
      for (std::size_t i = head_size + part; i < order.size(); i += count) chosen.push_back(order[i]);
      parts.emplace_back(items, biases, chosen, head_size);
    }
  }
};

}  // namespace alsace::test
