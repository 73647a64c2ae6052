#include "src/ranking/index_search.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "src/error.hpp"
#include "src/ranking/search_state.hpp"
#include "src/ranking/search_worker.hpp"

namespace alsace {
namespace {

/// Threads share a query's items only where each has fewer queries than this.
constexpr std::size_t queries_a_thread = 4;

/// Whether a query's allow list is not too short to be scanned for; one that takes no item counts too.
bool is_scanned(const SearchState& state, std::size_t query) {
  const auto& allowed = state.queries.allowed;
  return allowed.empty() || allowed[query] == nullptr || !state.is_short(*allowed[query]);
}

std::size_t scanned_queries(const SearchState& state) {
  std::size_t count = 0;
  for (std::size_t q = 0; q < state.queries.count; ++q) {
    if (state.answered[q] == 0 && is_scanned(state, q)) ++count;
  }
  return count;
}

}  // namespace

IndexSearch::IndexSearch(const KernelTable& kernels, const ItemIndex& index, const Queries& queries, std::size_t k,
                         const SearchOptions& options, std::span<const float> thresholds) {
  ALSACE_CHECK(options.threads >= 1, "at least one thread");
  ALSACE_CHECK(queries.factors == index.factors() || queries.count == 0,
               fmt::format("factors of queries = {}, of items = {}", queries.factors, index.factors()));
  ALSACE_CHECK(queries.takes.empty() || queries.takes.size() == queries.count, "one length a query");
  ALSACE_CHECK(queries.allowed.empty() || queries.allowed.size() == queries.count, "one allow list a query");
  ALSACE_CHECK(queries.offsets.empty() || queries.offsets.size() == queries.count, "one offset a query");
  ALSACE_CHECK(queries.excluded_offsets.size() == queries.count + 1, "one exclude list a query");
  ALSACE_CHECK(thresholds.empty() || thresholds.size() == queries.count, "one threshold a query");
  state_ = std::make_unique<SearchState>(kernels, index, queries, k, options, thresholds);

  const auto most = static_cast<std::size_t>(options.threads);
  std::vector<std::size_t> open;
  for (std::size_t q = 0; q < queries.count; ++q)
    if (state_->answered[q] == 0) open.push_back(q);
  const std::size_t products = open.size() * index.count() * static_cast<std::size_t>(index.factors());
  const std::size_t threads =
      std::clamp<std::size_t>(products / std::max<std::size_t>(options.products_a_thread, 1), 1, most);
  const std::size_t scanned = scanned_queries(*state_);
  state_->by_items = threads > 1 && scanned > 0 && scanned < threads * queries_a_thread;
  workers_.reserve(threads);
  for (std::size_t w = 0; w < threads; ++w) {
    std::vector<std::size_t> own;
    if (state_->by_items)
      own = open;
    else
      for (std::size_t i = w; i < open.size(); i += threads) own.push_back(open[i]);
    workers_.emplace_back(*state_, std::move(own));
  }
}

IndexSearch::~IndexSearch() = default;

void IndexSearch::raise_thresholds(std::span<const float> thresholds) {
  ALSACE_CHECK(thresholds.size() == state_->queries.count, "one threshold a query");
  for (std::size_t q = 0; q < thresholds.size(); ++q) {
    state_->given[q] = std::max(state_->given[q], thresholds[q]);
    state_->raise(q, thresholds[q]);
  }
}

void IndexSearch::advance(std::size_t position) {
  const auto chunks = state_->index.chunks();
  const auto before = [&](std::size_t end) {
    const auto last = std::partition_point(chunks.begin(), chunks.end(), [&](const auto& c) { return c.begin < end; });
    return static_cast<std::size_t>(last - chunks.begin());
  };
  const std::size_t end = before(position);
  const int threads = static_cast<int>(workers_.size());
  if (!state_->by_items) {
    // Nothing below can throw.
#pragma omp parallel for schedule(static, 1) num_threads(threads) if (threads > 1)
    for (int w = 0; w < threads; ++w) {
      SearchWorker& worker = workers_[static_cast<std::size_t>(w)];
      worker.answer_at_once();
      for (std::size_t c = state_->next_chunk; c < end && !worker.idle(); ++c) worker.search(chunks[c]);
    }
    state_->next_chunk = std::max(end, state_->next_chunk.load());
    return;
  }
  SearchWorker& first = workers_.front();
  first.answer_at_once();
  for (; state_->next_chunk < std::min(end, before(SearchState::alone_until)) && !first.idle(); ++state_->next_chunk)
    first.search(chunks[state_->next_chunk]);
  if (first.idle()) return;
#pragma omp parallel for schedule(static, 1) num_threads(threads)
  for (int w = 0; w < threads; ++w) {
    SearchWorker& worker = workers_[static_cast<std::size_t>(w)];
    while (!worker.idle()) {
      std::size_t chunk = state_->next_chunk.load();
      while (chunk < end && !state_->next_chunk.compare_exchange_weak(chunk, chunk + 1)) {
      }
      if (chunk >= end) break;
      worker.search(chunks[chunk]);
    }
  }
}

RankedLists IndexSearch::lists() const {
  std::vector<std::vector<ScoredItem>> lists(state_->queries.count);
  for (const SearchWorker& worker : workers_) {
    for (std::size_t i = 0; i < worker.own().size(); ++i) {
      std::vector<ScoredItem>& list = lists[worker.own()[i]];
      list =
          list.empty() ? worker.list(i).sorted() : merge_top_k(list, worker.list(i).sorted(), worker.list(i).length());
    }
  }
  RankedLists result;
  for (std::size_t q = 0; q < lists.size(); ++q) {
    const float least = state_->given[q];
    std::erase_if(lists[q], [&](const ScoredItem& item) { return item.score < least; });
    result.push_back(lists[q]);
  }
  return result;
}

std::size_t IndexSearch::unfinished() const {
  const auto chunks = state_->index.chunks();
  const std::size_t next = state_->next_chunk;
  if (next >= chunks.size()) return 0;
  std::size_t count = 0;
  for (std::size_t q = 0; q < state_->queries.count; ++q) {
    if (is_scanned(*state_, q) && state_->answered[q] == 0 && !state_->is_done(q, chunks[next])) ++count;
  }
  return count;
}

RankedLists IndexSearch::finish() {
  advance(state_->index.count());
  return lists();
}

SearchCounts IndexSearch::counts() const {
  SearchCounts counts;
  for (const SearchWorker& worker : workers_) counts += worker.counts();
  return counts;
}

RankedLists top_k_of_index(const KernelTable& kernels, const ItemIndex& index, const Queries& queries, std::size_t k,
                           const SearchOptions& options, std::span<const float> thresholds) {
  return IndexSearch(kernels, index, queries, k, options, thresholds).finish();
}

}  // namespace alsace
