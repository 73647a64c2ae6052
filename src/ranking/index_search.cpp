#include "src/ranking/index_search.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "src/error.hpp"
#include "src/ranking/search_state.hpp"
#include "src/ranking/search_worker.hpp"

namespace alsace {
namespace {

/// Threads share items where each would have fewer queries than this: they would read all codes for those.
constexpr std::size_t queries_a_thread = 256;

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

  std::vector<std::size_t> open;
  for (std::size_t q = 0; q < queries.count; ++q)
    if (state_->answered[q] == 0) open.push_back(q);
  const std::size_t products = open.size() * index.count() * static_cast<std::size_t>(index.factors());
  const auto most = static_cast<std::size_t>(options.threads);
  const std::size_t threads =
      std::clamp<std::size_t>(products / std::max<std::size_t>(options.products_a_thread, 1), 1, most);
  const bool shares = threads > 1 && scanned_queries(*state_) < threads * queries_a_thread;
  shared_from_ = shares ? chunk_at(SearchState::shared_from) : index.chunks().size();
  threads_ = static_cast<int>(threads);
  const std::size_t owners = std::clamp<std::size_t>(open.size(), 1, threads);
  owners_.reserve(owners);
  // Neighbours go to one thread, which then has their cache lines to itself.
  for (std::size_t w = 0; w < owners; ++w) {
    const std::size_t first = open.size() * w / owners;
    const std::size_t end = open.size() * (w + 1) / owners;
    owners_.emplace_back(*state_, std::span(open).subspan(first, end - first));
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

std::size_t IndexSearch::chunk_at(std::size_t position) const {
  const auto chunks = state_->index.chunks();
  const auto at = std::partition_point(chunks.begin(), chunks.end(), [&](const auto& c) { return c.begin < position; });
  return static_cast<std::size_t>(at - chunks.begin());
}

void IndexSearch::advance(std::size_t position) {
  const std::size_t end = chunk_at(position);
  search_by_queries(std::min(end, shared_from_));
  search_by_items(end);
}

void IndexSearch::search_by_queries(std::size_t end) {
  const auto chunks = state_->index.chunks();
  const int threads = static_cast<int>(owners_.size());
  // Nothing below can throw.
#pragma omp parallel for schedule(static, 1) num_threads(threads) if (threads > 1)
  for (int w = 0; w < threads; ++w) {
    SearchWorker& worker = owners_[static_cast<std::size_t>(w)];
    worker.answer_at_once();
    for (std::size_t c = state_->next_chunk; c < end && !worker.idle(); ++c) worker.search(chunks[c]);
  }
  state_->next_chunk = std::max(end, state_->next_chunk.load());
}

void IndexSearch::search_by_items(std::size_t end) {
  const auto chunks = state_->index.chunks();
  if (state_->next_chunk >= end) return;
  if (sharers_.empty()) begin_sharing();
  const int threads = static_cast<int>(sharers_.size());
#pragma omp parallel for schedule(static, 1) num_threads(threads) if (threads > 1)
  for (int w = 0; w < threads; ++w) {
    SearchWorker& worker = sharers_[static_cast<std::size_t>(w)];
    while (!worker.idle()) {
      std::size_t chunk = state_->next_chunk.load();
      while (chunk < end && !state_->next_chunk.compare_exchange_weak(chunk, chunk + 1)) {
      }
      if (chunk >= end) break;
      worker.search(chunks[chunk]);
    }
  }
}

void IndexSearch::begin_sharing() {
  std::vector<std::size_t> open;
  for (const SearchWorker& worker : owners_) worker.add_unfinished(state_->index.chunks()[state_->next_chunk], open);
  if (open.empty()) return;
  sharers_.reserve(static_cast<std::size_t>(threads_));
  for (int w = 0; w < threads_; ++w) sharers_.emplace_back(*state_, open);
}

RankedLists IndexSearch::lists() const {
  RankedLists result;
  for (std::size_t q = 0; q < state_->queries.count; ++q) {
    std::vector<ScoredItem> list = state_->lists[q].sorted();
    std::erase_if(list, [&](const ScoredItem& item) { return item.score < state_->given[q]; });
    result.push_back(list);
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
  for (const SearchWorker& worker : owners_) counts += worker.counts();
  for (const SearchWorker& worker : sharers_) counts += worker.counts();
  return counts;
}

RankedLists top_k_of_index(const KernelTable& kernels, const ItemIndex& index, const Queries& queries, std::size_t k,
                           const SearchOptions& options, std::span<const float> thresholds) {
  return IndexSearch(kernels, index, queries, k, options, thresholds).finish();
}

}  // namespace alsace
