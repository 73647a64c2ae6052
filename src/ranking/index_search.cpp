#include "src/ranking/index_search.hpp"

#include <algorithm>
#include <atomic>

#include <fmt/format.h>

#include "src/aligned_array.hpp"
#include "src/error.hpp"
#include "src/ranking/filtered_list.hpp"
#include "src/ranking/quantization.hpp"

namespace alsace {
namespace {

#include "src/kernels/scan_threshold.inc"

/// An item that is looked up by its id and scored on its own costs as much as so many in a scan of the whole index.
constexpr std::size_t direct_cost = 32;

/// Pairs whose rows are asked for at once; after them the threshold is looked at again.
constexpr std::size_t rescored_at_once = 16;

/// Threads share a query's items only where each query has fewer companions than this a thread.
constexpr std::size_t queries_a_thread = 4;

/// What is left of a single query's items after so many is shared by threads: those who find their list before never
/// pay for waking a thread.
constexpr std::size_t alone_until = 16384;

/// Whether the items of an allow list are rather looked up one by one. Of a list of all items, an index of a part has a
/// part only: both are as long as the ids reach.
bool is_short(std::span<const std::uint32_t> allowed, const ItemIndex& index) {
  return allowed.size() * direct_cost <= index.id_range();
}

void prefetch_row(const float* row, std::size_t width) {
  for (std::size_t k = 0; k < width; k += 16) __builtin_prefetch(row + k);
}

}  // namespace

SearchCounts& SearchCounts::operator+=(const SearchCounts& other) {
  scanned += other.scanned;
  survivors += other.survivors;
  rescored += other.rescored;
  return *this;
}

/// What all workers read, and the thresholds, which they raise for each other.
struct IndexSearch::Shared {
  const KernelTable& kernels;
  const ScanKernels& many;
  const ScanKernels& few;
  const ItemIndex& index;
  const Queries& queries;
  std::size_t k;
  SearchOptions options;
  bool biased;                     ///< scores have offsets
  bool scan_biased;                ///< and items biases that differ
  std::size_t stride;              ///< bytes of a query's codes
  std::vector<std::int8_t> codes;  ///< count × stride
  std::vector<QuantizedQuery> quantized;
  std::vector<float> thresholds;
  std::vector<float> given;  ///< the thresholds that came from outside
  std::atomic<std::size_t> next_chunk = 0;
  bool by_items = false;  ///< workers share every query's chunks; else each has queries of its own

  Shared(const KernelTable& with, const ItemIndex& in, const Queries& asked, std::size_t length,
         const SearchOptions& how)
      : kernels(with),
        many(scan_kernels(with.level, most_scan_queries)),
        few(scan_kernels(with.level, 1)),
        index(in),
        queries(asked),
        k(length),
        options(how),
        biased(!asked.offsets.empty()),
        scan_biased(biased && in.has_biases() && in.units().biases > 0),
        stride(scan_steps(in.factors()) * 4),
        codes(asked.count * stride),
        quantized(asked.count),
        thresholds(asked.count, no_threshold),
        given(asked.count, no_threshold) {
    ItemUnits units = in.units();
    if (!scan_biased) units.biases = 0;
    for (std::size_t q = 0; q < asked.count; ++q)
      quantized[q] = quantize_query({row(q), width()}, units, codes.data() + q * stride);
  }

  [[nodiscard]] std::size_t width() const { return static_cast<std::size_t>(index.factors()); }
  [[nodiscard]] const float* row(std::size_t query) const { return queries.rows.data() + query * width(); }

  [[nodiscard]] float threshold(std::size_t query) {
    return std::atomic_ref(thresholds[query]).load(std::memory_order_relaxed);
  }
  void raise(std::size_t query, float to) {
    const std::atomic_ref shared(thresholds[query]);
    float now = shared.load(std::memory_order_relaxed);
    while (now < to && !shared.compare_exchange_weak(now, to, std::memory_order_relaxed)) {
    }
  }
  /// g' of src/ranking/quantization.hpp.
  [[nodiscard]] double least(std::size_t query, float threshold) const {
    return biased ? least_biased_inner_product(threshold, queries.offsets[query], index.factors())
                  : least_inner_product(threshold, index.factors());
  }
  [[nodiscard]] float score(float inner_product, std::size_t query, std::size_t position) const {
    return biased ? score_of(inner_product, index.bias(position), queries.offsets[query]) : inner_product;
  }
  /// Whether no item of the chunk or behind it reaches the query's threshold.
  [[nodiscard]] bool is_done(std::size_t query, const ItemIndex::Chunk& chunk) {
    const float threshold_now = threshold(query);
    if (!options.prune || threshold_now == no_threshold) return false;
    const double most = most_inner_product(quantized[query].norm, chunk.most_norm, index.factors());
    const double bias = scan_biased ? chunk.most_bias : 0;
    return most + bias + 0x1p-50 * (most + (bias < 0 ? -bias : bias)) < least(query, threshold_now);
  }
};

/// One thread's share: some of the queries, or some of the items of all queries.
class IndexSearch::Worker {
 public:
  Worker(Shared& shared, std::vector<std::size_t> queries) : shared_(&shared) {
    const ItemIndex& index = shared.index;
    lists_.reserve(queries.size());
    own_ = std::move(queries);
    for (const std::size_t q : own_) lists_.emplace_back(shared.queries, q, shared.k, index.count());
    for (std::size_t i = 0; i < own_.size(); ++i) {
      if (lists_[i].length() == 0) continue;
      if (lists_[i].all_allowed() || !is_short(lists_[i].allowed(), index))
        filling_.push_back(i);
      else
        direct_.push_back(i);
    }
    scanning_.reserve(filling_.size());
    const std::size_t most = std::min<std::size_t>(most_scan_queries, std::max<std::size_t>(filling_.size(), 1));
    const std::size_t pairs = most * (index.longest_chunk() + scan_group);
    survivors_ = std::make_unique_for_overwrite<Survivor[]>(pairs);
    by_query_ = std::make_unique_for_overwrite<Survivor[]>(pairs);
    scores_ = std::make_unique_for_overwrite<float[]>(index.longest_chunk());
    const std::size_t tiles = filling_.size() / shared.few.queries + 1;
    packed_ = std::make_unique<AlignedArray<std::int8_t>>(AlignedArray<std::int8_t>::uninitialized(
        std::max(tiles * shared.few.packed_bytes(scan_steps(index.factors())),
                 (filling_.size() / shared.many.queries + 1) * shared.many.packed_bytes(scan_steps(index.factors())))));
  }

  /// Queries of short allow lists, which no chunk serves.
  void score_allowed() {
    for (const std::size_t i : direct_) {
      for (const std::uint32_t item : lists_[i].allowed()) {
        const auto position = shared_->index.position_of(item);
        if (position.has_value()) score_directly(i, *position, *position + 1);
      }
    }
    direct_.clear();
  }

  [[nodiscard]] bool idle() const { return filling_.empty() && scanning_.empty(); }

  void search(const ItemIndex::Chunk& chunk) {
    begin_scanning();
    drop_done(chunk);
    for (const std::size_t i : filling_) score_directly(i, chunk.begin, chunk.end);
    scan(chunk);
  }

  [[nodiscard]] const std::vector<std::size_t>& own() const { return own_; }
  [[nodiscard]] const FilteredList& list(std::size_t i) const { return lists_[i]; }
  [[nodiscard]] const SearchCounts& counts() const { return counts_; }

 private:
  /// Those that have a threshold by now.
  void begin_scanning() {
    const auto has_threshold = [&](std::size_t i) { return shared_->threshold(own_[i]) != no_threshold; };
    for (const std::size_t i : filling_) {
      if (!has_threshold(i)) continue;
      scanning_.push_back(i);
      packed_are_current_ = false;
    }
    std::erase_if(filling_, has_threshold);
  }

  void drop_done(const ItemIndex::Chunk& chunk) {
    const std::size_t dropped =
        std::erase_if(scanning_, [&](std::size_t i) { return shared_->is_done(own_[i], chunk); });
    if (dropped > 0) packed_are_current_ = false;
  }

  /// Queries without a threshold take every item.
  void score_directly(std::size_t i, std::size_t begin, std::size_t end) {
    const std::size_t q = own_[i];
    const ItemIndex& index = shared_->index;
    shared_->kernels.inner_products(shared_->row(q), 1, index.row(begin), end - begin, index.factors(), scores_.get());
    for (std::size_t p = begin; p < end; ++p) offer(i, p, scores_[p - begin]);
    counts_.rescored += end - begin;
    if (lists_[i].full()) shared_->raise(q, lists_[i].last_score());
  }

  void offer(std::size_t i, std::size_t position, float inner_product) {
    const float score = shared_->score(inner_product, own_[i], position);
    if (score >= shared_->threshold(own_[i])) lists_[i].offer({score, shared_->index.id(position)});
  }

  /// The tables that belong to so many queries.
  [[nodiscard]] const ScanKernels& kernels() const {
    return scanning_.size() > shared_->few.queries ? shared_->many : shared_->few;
  }

  void pack() {
    const ScanKernels& scan = kernels();
    const std::size_t steps = scan_steps(shared_->index.factors());
    std::int8_t* to = packed_->data();
    for (std::size_t first = 0; first < scanning_.size(); first += scan.queries) {
      const std::size_t count = std::min(scan.queries, scanning_.size() - first);
      const std::int8_t* codes[most_scan_queries];
      for (std::size_t j = 0; j < count; ++j)
        codes[j] = shared_->codes.data() + own_[scanning_[first + j]] * shared_->stride;
      scan.pack_queries(codes, count, steps, to);
      to += scan.packed_bytes(steps);
    }
    packed_are_current_ = true;
  }

  void scan(const ItemIndex::Chunk& chunk) {
    if (scanning_.empty()) return;
    if (!packed_are_current_) pack();
    const ScanKernels& scan = kernels();
    const std::size_t tile_bytes = scan.packed_bytes(scan_steps(shared_->index.factors()));
    for (std::size_t first = 0; first < scanning_.size(); first += scan.queries)
      scan_tile(scan, chunk, first, packed_->data() + first / scan.queries * tile_bytes);
    counts_.scanned += scanning_.size() * (chunk.end - chunk.begin);
  }

  void scan_tile(const ScanKernels& scan, const ItemIndex::Chunk& chunk, std::size_t first, const std::int8_t* packed) {
    const std::size_t count = std::min(scan.queries, scanning_.size() - first);
    for (std::size_t j = 0; j < count; ++j) {
      const std::size_t q = own_[scanning_[first + j]];
      const QuantizedQuery& query = shared_->quantized[q];
      tile_.shifts[j] = query.shift;
      tile_.levels[j] = scan_level(shared_->least(q, shared_->threshold(q)), query);
      tile_.norms[j] = query.norm_part;
      tile_.rests[j] = query.rest_part;
      tile_.bias_weights[j] = query.bias_weight;
    }
    const ScanItems items = shared_->index.scan_items(chunk.begin, shared_->scan_biased);
    const std::size_t groups = (chunk.end - chunk.begin + scan_group - 1) / scan_group;
    const ScanQueries queries{packed, tile_.shifts, tile_.levels, tile_.norms, tile_.rests, tile_.bias_weights};
    const std::size_t survivors = scan.scan(items, groups, queries, count, survivors_.get());
    if (survivors == 0) return;
    counts_.survivors += survivors;
    sort_by_query(survivors, count);
    for (std::size_t j = 0; j < count; ++j)
      rescore(scanning_[first + j], items, chunk, {by_query_.get() + ends_[j], ends_[j + 1] - ends_[j]});
  }

  /// Puts survivors query by query into by_query_, those of query j from ends_[j] to ends_[j + 1].
  void sort_by_query(std::size_t survivors, std::size_t queries) {
    std::fill_n(ends_, queries + 1, std::size_t{0});
    for (std::size_t s = 0; s < survivors; ++s) ++ends_[survivors_[s].query + 1];
    for (std::size_t j = 0; j < queries; ++j) ends_[j + 1] += ends_[j];
    std::size_t next[most_scan_queries];
    std::copy_n(ends_, queries, next);
    for (std::size_t s = 0; s < survivors; ++s) by_query_[next[survivors_[s].query]++] = survivors_[s];
  }

  /// Scores one query's survivors exactly, a few at a time, with a threshold that rises meanwhile.
  void rescore(std::size_t i, const ScanItems& items, const ItemIndex::Chunk& chunk,
               std::span<const Survivor> survivors) {
    const std::size_t q = own_[i];
    const ItemIndex& index = shared_->index;
    const QuantizedQuery& query = shared_->quantized[q];
    const float margin = scan_margin(items.steps);
    std::size_t next = 0;
    while (next < survivors.size()) {
      const float level = scan_level(shared_->least(q, shared_->threshold(q)), query);
      std::uint32_t positions[rescored_at_once];
      std::size_t taken = 0;
      for (; next < survivors.size() && taken < rescored_at_once; ++next) {
        const Survivor& survivor = survivors[next];
        const std::size_t g = survivor.group;
        const std::size_t position = chunk.begin + g * scan_group + survivor.item;
        if (position >= chunk.end) continue;
        const float limit =
            scan_threshold(level, query.norm_part, query.rest_part, shared_->scan_biased ? query.bias_weight : 0,
                           items.inverse_scales[g], items.errors[g], items.lengths[g], margin);
        float dot = static_cast<float>(survivor.dot);
        if (shared_->scan_biased) dot += items.biases[g * scan_group + survivor.item] * query.bias_weight;
        if (dot < limit) continue;
        prefetch_row(index.row(position), shared_->width());
        positions[taken++] = static_cast<std::uint32_t>(position);
      }
      float scores[rescored_at_once];
      shared_->kernels.gathered_inner_products(index.row(0), index.factors(), positions, taken, 0, shared_->row(q),
                                               scores);
      for (std::size_t j = 0; j < taken; ++j) offer(i, positions[j], scores[j]);
      counts_.rescored += taken;
      if (lists_[i].full()) shared_->raise(q, lists_[i].last_score());
    }
  }

  /// What ScanQueries points to.
  struct Tile {
    std::int32_t shifts[most_scan_queries] = {};
    float levels[most_scan_queries] = {};
    float norms[most_scan_queries] = {};
    float rests[most_scan_queries] = {};
    float bias_weights[most_scan_queries] = {};
  };

  Shared* shared_;
  std::vector<std::size_t> own_;  // queries; elsewhere i is an index of this
  std::vector<FilteredList> lists_;
  std::vector<std::size_t> direct_;
  std::vector<std::size_t> filling_;   // no threshold yet
  std::vector<std::size_t> scanning_;  // those of a tile side by side
  bool packed_are_current_ = false;
  std::unique_ptr<AlignedArray<std::int8_t>> packed_;
  Tile tile_;
  std::size_t ends_[most_scan_queries + 1] = {};
  std::unique_ptr<Survivor[]> survivors_;
  std::unique_ptr<Survivor[]> by_query_;
  std::unique_ptr<float[]> scores_;
  SearchCounts counts_;
};

namespace {

/// Queries whose allow lists are not too short to be scanned for. (An upper bound: an idle query counts too.)
std::size_t scanned_queries(const Queries& queries, const ItemIndex& index) {
  if (queries.allowed.empty()) return queries.count;
  return static_cast<std::size_t>(
      std::count_if(queries.allowed.begin(), queries.allowed.end(),
                    [&](const ItemSet& allowed) { return allowed == nullptr || !is_short(*allowed, index); }));
}

}  // namespace

IndexSearch::IndexSearch(const KernelTable& kernels, const ItemIndex& index, const Queries& queries, std::size_t k,
                         const SearchOptions& options) {
  ALSACE_CHECK(options.threads >= 1, "at least one thread");
  ALSACE_CHECK(queries.factors == index.factors() || queries.count == 0,
               fmt::format("factors of queries = {}, of items = {}", queries.factors, index.factors()));
  ALSACE_CHECK(queries.takes.empty() || queries.takes.size() == queries.count, "one length a query");
  ALSACE_CHECK(queries.allowed.empty() || queries.allowed.size() == queries.count, "one allow list a query");
  ALSACE_CHECK(queries.offsets.empty() || queries.offsets.size() == queries.count, "one offset a query");
  ALSACE_CHECK(queries.excluded_offsets.size() == queries.count + 1, "one exclude list a query");
  shared_ = std::make_unique<Shared>(kernels, index, queries, k, options);

  const auto most = static_cast<std::size_t>(options.threads);
  const std::size_t products = queries.count * index.count() * static_cast<std::size_t>(index.factors());
  const std::size_t threads =
      std::clamp<std::size_t>(products / std::max<std::size_t>(options.products_a_thread, 1), 1, most);
  const std::size_t scanned = scanned_queries(queries, index);
  shared_->by_items = threads > 1 && scanned > 0 && scanned < threads * queries_a_thread;
  workers_.reserve(threads);
  for (std::size_t w = 0; w < threads; ++w) {
    std::vector<std::size_t> own;
    if (shared_->by_items)
      for (std::size_t q = 0; q < queries.count; ++q) own.push_back(q);
    else
      for (std::size_t q = w; q < queries.count; q += threads) own.push_back(q);
    workers_.emplace_back(*shared_, std::move(own));
  }
}

IndexSearch::~IndexSearch() = default;

void IndexSearch::raise_thresholds(std::span<const float> thresholds) {
  ALSACE_CHECK(thresholds.size() == shared_->queries.count, "one threshold a query");
  for (std::size_t q = 0; q < thresholds.size(); ++q) {
    shared_->given[q] = std::max(shared_->given[q], thresholds[q]);
    shared_->raise(q, thresholds[q]);
  }
}

void IndexSearch::advance(std::size_t position) {
  const auto chunks = shared_->index.chunks();
  const auto before = [&](std::size_t end) {
    const auto last = std::partition_point(chunks.begin(), chunks.end(), [&](const auto& c) { return c.begin < end; });
    return static_cast<std::size_t>(last - chunks.begin());
  };
  const std::size_t end = before(position);
  const int threads = static_cast<int>(workers_.size());
  if (!shared_->by_items) {
    // Nothing below can throw.
#pragma omp parallel for schedule(static, 1) num_threads(threads) if (threads > 1)
    for (int w = 0; w < threads; ++w) {
      Worker& worker = workers_[static_cast<std::size_t>(w)];
      worker.score_allowed();
      for (std::size_t c = shared_->next_chunk; c < end && !worker.idle(); ++c) worker.search(chunks[c]);
    }
    shared_->next_chunk = std::max(end, shared_->next_chunk.load());
    return;
  }
  Worker& first = workers_.front();
  first.score_allowed();
  for (; shared_->next_chunk < std::min(end, before(alone_until)) && !first.idle(); ++shared_->next_chunk)
    first.search(chunks[shared_->next_chunk]);
  if (first.idle()) return;
#pragma omp parallel for schedule(static, 1) num_threads(threads)
  for (int w = 0; w < threads; ++w) {
    Worker& worker = workers_[static_cast<std::size_t>(w)];
    while (!worker.idle()) {
      std::size_t chunk = shared_->next_chunk.load();
      while (chunk < end && !shared_->next_chunk.compare_exchange_weak(chunk, chunk + 1)) {
      }
      if (chunk >= end) break;
      worker.search(chunks[chunk]);
    }
  }
}

RankedLists IndexSearch::lists() const {
  std::vector<std::vector<ScoredItem>> lists(shared_->queries.count);
  for (const Worker& worker : workers_) {
    for (std::size_t i = 0; i < worker.own().size(); ++i) {
      std::vector<ScoredItem>& list = lists[worker.own()[i]];
      list = merge_top_k(list, worker.list(i).sorted(), worker.list(i).length());
    }
  }
  RankedLists result;
  for (std::size_t q = 0; q < lists.size(); ++q) {
    const float least = shared_->given[q];
    std::erase_if(lists[q], [&](const ScoredItem& item) { return item.score < least; });
    result.push_back(lists[q]);
  }
  return result;
}

RankedLists IndexSearch::finish() {
  advance(shared_->index.count());
  return lists();
}

SearchCounts IndexSearch::counts() const {
  SearchCounts counts;
  for (const Worker& worker : workers_) counts += worker.counts();
  return counts;
}

RankedLists top_k_of_index(const KernelTable& kernels, const ItemIndex& index, const Queries& queries, std::size_t k,
                           const SearchOptions& options, std::span<const float> thresholds) {
  IndexSearch search(kernels, index, queries, k, options);
  if (!thresholds.empty()) search.raise_thresholds(thresholds);
  return search.finish();
}

}  // namespace alsace
