#include "src/ranking/search_worker.hpp"

#include <algorithm>
#include <iterator>

namespace alsace {
namespace {

#include "src/kernels/scan_threshold.inc"

/// Pairs whose rows are asked for at once; after them the threshold is looked at again.
constexpr std::size_t rescored_at_once = 16;

/// While thresholds are low, principal parts let so many items through that whole rows of codes are the faster to scan;
/// the longer lists are, the longer that takes.
constexpr std::size_t whole_rows_a_place = 1024;
/// To score a survivor costs about what a scan of principal parts spares for so many pairs.
constexpr std::size_t pairs_a_row = 128;

void prefetch_row(const float* row, std::size_t width) {
  for (std::size_t k = 0; k < width; k += 16) __builtin_prefetch(row + k);
}

}  // namespace

SearchWorker::SearchWorker(SearchState& state, std::span<const std::size_t> queries)
    : state_(&state), principal_from_(std::min(state.k, state.index.count()) * whole_rows_a_place) {
  const ItemIndex& index = state.index;
  for (const std::size_t q : queries) {
    const FilteredList& list = state.lists[q];
    if (list.length() == 0) continue;
    if (state.gives_one_score(q))
      even_.push_back(q);
    else if (list.all_allowed() || !state.is_short(list.allowed()))
      filling_.push_back(q);
    else
      direct_.push_back(q);
  }
  scanning_.reserve(filling_.size());
  const std::size_t most = std::min<std::size_t>(most_scan_queries, std::max<std::size_t>(filling_.size(), 1));
  const std::size_t pairs = most * (index.longest_chunk() + scan_group);
  survivors_ = std::make_unique_for_overwrite<Survivor[]>(pairs);
  if (most > 1) by_query_ = std::make_unique_for_overwrite<Survivor[]>(pairs);
  scores_ = std::make_unique_for_overwrite<float[]>(index.longest_chunk());
  const std::size_t steps = scan_steps(index.factors());
  const std::size_t tiles = filling_.size() / state.few.queries + 1;
  packed_ = std::make_unique<AlignedArray<std::int8_t>>(AlignedArray<std::int8_t>::uninitialized(
      std::max(tiles * state.few.packed_bytes(steps),
               (filling_.size() / state.many.queries + 1) * state.many.packed_bytes(steps))));
}

void SearchWorker::answer_at_once() {
  for (const std::size_t q : even_) take_by_id(q);
  even_.clear();
  for (const std::size_t q : direct_) score_allowed_from(q, 0);
  direct_.clear();
}

void SearchWorker::take_by_id(std::size_t query) {
  FilteredList& list = state_->lists[query];
  const float score = state_->score(0, query, 0);
  for (const std::uint32_t position : state_->index.by_id()) {
    list.offer({score, state_->index.id(position)});
    if (list.full()) return;
  }
}

void SearchWorker::score_allowed_from(std::size_t query, std::size_t begin) {
  for (const std::uint32_t item : state_->lists[query].allowed()) {
    const auto position = state_->index.position_of(item);
    if (position.has_value() && *position >= begin) score_directly(query, *position, *position + 1);
  }
}

void SearchWorker::search(const ItemIndex::Chunk& chunk) {
  begin_scanning(chunk);
  drop_done(chunk);
  for (const std::size_t q : filling_) score_directly(q, chunk.begin, chunk.end);
  scan(chunk);
}

void SearchWorker::add_unfinished(const ItemIndex::Chunk& chunk, std::vector<std::size_t>& queries) const {
  for (const auto* some : {&filling_, &scanning_})
    std::copy_if(some->begin(), some->end(), std::back_inserter(queries),
                 [&](std::size_t q) { return !state_->is_done(q, chunk); });
}

void SearchWorker::begin_scanning(const ItemIndex::Chunk& chunk) {
  std::size_t kept = 0;
  for (const std::size_t q : filling_) {
    if (state_->answered[q] != 0) continue;
    // Asked once: another thread may raise it at any moment.
    if (state_->threshold(q) != no_threshold) {
      scanning_.push_back(q);
      packed_steps_ = 0;
    } else if (chunk.begin >= SearchState::most_filled && !state_->lists[q].all_allowed()) {
      score_allowed_from(q, chunk.begin);
      state_->answered[q] = 1;
    } else {
      filling_[kept++] = q;
    }
  }
  filling_.resize(kept);
}

void SearchWorker::drop_done(const ItemIndex::Chunk& chunk) {
  const std::size_t dropped = std::erase_if(scanning_, [&](std::size_t q) { return state_->is_done(q, chunk); });
  if (dropped > 0) packed_steps_ = 0;
}

void SearchWorker::score_directly(std::size_t query, std::size_t begin, std::size_t end) {
  const ItemIndex& index = state_->index;
  state_->kernels.inner_products(state_->row(query), 1, index.row(begin), end - begin, index.factors(), scores_.get());
  offer(query, end - begin, scores_.get(), [&](std::size_t j) { return begin + j; });
  counts_.rescored += end - begin;
}

template <class Position>
void SearchWorker::offer(std::size_t query, std::size_t count, const float* inner_products, const Position& position) {
  FilteredList& list = state_->lists[query];
  const SearchState::Lock alone(*state_, query);
  for (std::size_t j = 0; j < count; ++j) {
    const float score = state_->score(inner_products[j], query, position(j));
    if (score >= state_->threshold(query)) list.offer({score, state_->index.id(position(j))});
  }
  if (list.full()) state_->raise(query, list.last_score());
}

const ScanKernels& SearchWorker::kernels() const {
  return scanning_.size() > state_->few.queries ? state_->many : state_->few;
}

void SearchWorker::pack(std::size_t steps) {
  const ScanKernels& scan = kernels();
  std::int8_t* to = packed_->data();
  for (std::size_t first = 0; first < scanning_.size(); first += scan.queries) {
    const std::size_t count = std::min(scan.queries, scanning_.size() - first);
    const std::int8_t* codes[most_scan_queries];
    for (std::size_t j = 0; j < count; ++j) codes[j] = state_->codes.data() + scanning_[first + j] * state_->stride;
    scan.pack_queries(codes, count, steps, to);
    to += scan.packed_bytes(steps);
  }
  packed_steps_ = steps;
}

void SearchWorker::scan(const ItemIndex::Chunk& chunk) {
  if (scanning_.empty()) return;
  const ItemIndex& index = state_->index;
  const bool principal = !index.basis().empty() && chunk.begin >= principal_from_;
  const ScanItems items = principal ? index.scan_principal(chunk.begin, state_->scan_biased)
                                    : index.scan_items(chunk.begin, state_->scan_biased);
  if (packed_steps_ != items.steps) pack(items.steps);
  const ScanKernels& scan = kernels();
  const std::size_t tile_bytes = scan.packed_bytes(items.steps);
  const std::uint64_t survivors_before = counts_.survivors;
  for (std::size_t first = 0; first < scanning_.size(); first += scan.queries)
    scan_tile(scan, items, chunk, first, packed_->data() + first / scan.queries * tile_bytes);
  const std::size_t pairs = scanning_.size() * (chunk.end - chunk.begin);
  counts_.scanned += pairs;
  if (principal && (counts_.survivors - survivors_before) * pairs_a_row > pairs) principal_from_ = 2 * chunk.end;
}

void SearchWorker::scan_tile(const ScanKernels& scan, const ScanItems& items, const ItemIndex::Chunk& chunk,
                             std::size_t first, const std::int8_t* packed) {
  const std::size_t count = std::min(scan.queries, scanning_.size() - first);
  const bool principal = items.steps < scan_steps(state_->index.factors());
  for (std::size_t j = 0; j < count; ++j) {
    const std::size_t q = scanning_[first + j];
    const QuantizedQuery& query = state_->quantized[q];
    tile_.shifts[j] = principal ? query.principal_shift : query.shift;
    tile_.levels[j] = scan_level(state_->least(q, state_->threshold(q)), query);
    tile_.norms[j] = query.norm_part;
    tile_.rests[j] = query.rest_part;
    tile_.tails[j] = principal ? query.tail_part : 0;
    tile_.bias_weights[j] = query.bias_weight;
  }
  const std::size_t groups = (chunk.end - chunk.begin + scan_group - 1) / scan_group;
  const ScanQueries queries{packed,      tile_.shifts, tile_.levels,      tile_.norms,
                            tile_.rests, tile_.tails,  tile_.bias_weights};
  const std::size_t survivors = scan.scan(items, groups, queries, count, survivors_.get());
  if (survivors == 0) return;
  counts_.survivors += survivors;
  if (count == 1) return rescore(scanning_[first], items, chunk, {survivors_.get(), survivors});
  sort_by_query(survivors, count);
  for (std::size_t j = 0; j < count; ++j)
    rescore(scanning_[first + j], items, chunk, {by_query_.get() + ends_[j], ends_[j + 1] - ends_[j]});
}

void SearchWorker::sort_by_query(std::size_t survivors, std::size_t queries) {
  std::fill_n(ends_, queries + 1, std::size_t{0});
  for (std::size_t s = 0; s < survivors; ++s) ++ends_[survivors_[s].query + 1];
  for (std::size_t j = 0; j < queries; ++j) ends_[j + 1] += ends_[j];
  std::size_t next[most_scan_queries];
  std::copy_n(ends_, queries, next);
  for (std::size_t s = 0; s < survivors; ++s) by_query_[next[survivors_[s].query]++] = survivors_[s];
}

void SearchWorker::rescore(std::size_t query, const ScanItems& items, const ItemIndex::Chunk& chunk,
                           std::span<const Survivor> survivors) {
  const ItemIndex& index = state_->index;
  const QuantizedQuery& codes = state_->quantized[query];
  const bool principal = items.steps < scan_steps(index.factors());
  const float margin = scan_margin(items.steps);
  std::size_t next = 0;
  while (next < survivors.size()) {
    const float level = scan_level(state_->least(query, state_->threshold(query)), codes);
    std::uint32_t positions[rescored_at_once];
    std::size_t taken = 0;
    for (; next < survivors.size() && taken < rescored_at_once; ++next) {
      const Survivor& survivor = survivors[next];
      const std::size_t g = survivor.group;
      const std::size_t position = chunk.begin + g * scan_group + survivor.item;
      if (position >= chunk.end) continue;
      const float limit = scan_threshold(level, codes.norm_part, codes.rest_part, principal ? codes.tail_part : 0,
                                         state_->scan_biased ? codes.bias_weight : 0, items.inverse_scales[g],
                                         items.errors[g], items.lengths[g], items.tail_lengths[g], margin);
      float dot = static_cast<float>(survivor.dot);
      if (state_->scan_biased) dot += items.biases[g * scan_group + survivor.item] * codes.bias_weight;
      if (dot < limit) continue;
      prefetch_row(index.row(position), state_->width());
      positions[taken++] = static_cast<std::uint32_t>(position);
    }
    float scores[rescored_at_once];
    state_->kernels.gathered_inner_products(index.row(0), index.factors(), positions, taken, 0, state_->row(query),
                                            scores);
    offer(query, taken, scores, [&](std::size_t j) { return std::size_t{positions[j]}; });
    counts_.rescored += taken;
  }
}

}  // namespace alsace
