#include "src/ranking/search_state.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include <omp.h>

namespace alsace {
namespace {

/// To quantize fewer than so many takes no longer than to wake a thread for them.
constexpr std::size_t queries_worth_a_thread = 16;

}  // namespace

SearchState::SearchState(const KernelTable& with, const ItemIndex& in, const Queries& asked, std::size_t length,
                         const SearchOptions& how, std::span<const float> from_outside)
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
      thresholds(from_outside.empty() ? std::vector<float>(asked.count, no_threshold)
                                      : std::vector<float>(from_outside.begin(), from_outside.end())),
      given(thresholds),
      answered(asked.count),
      locks_(asked.count) {
  ItemUnits units = in.units();
  if (!scan_biased) units.biases = 0;
  const auto most = static_cast<std::size_t>(how.threads);
  const int threads = static_cast<int>(std::clamp<std::size_t>(asked.count / queries_worth_a_thread, 1, most));
  std::vector<double> turned(width() * static_cast<std::size_t>(threads));
  // Nothing below can throw.
#pragma omp parallel for schedule(static) num_threads(threads) if (threads > 1)
  for (std::size_t q = 0; q < asked.count; ++q) {
    answered[q] = in.count() == 0 || is_done(q, length_of({row(q), width()}) * enlarged, in.chunks().front()) ? 1 : 0;
    if (answered[q] != 0) continue;
    const std::span own(turned.data() + static_cast<std::size_t>(omp_get_thread_num()) * width(), width());
    in.basis().turn(kernels, row(q), own.data());
    quantized[q] = quantize_query(own, in.basis(), units, codes.data() + q * stride);
  }
  lists.reserve(asked.count);
  for (std::size_t q = 0; q < asked.count; ++q) lists.emplace_back(asked, q, k, answered[q] != 0 ? 0 : in.count());
}

bool SearchState::is_done(std::size_t query, const ItemIndex::Chunk& chunk) {
  return is_done(query, quantized[query].norm, chunk);
}

bool SearchState::is_done(std::size_t query, double query_norm, const ItemIndex::Chunk& chunk) {
  const float threshold_now = threshold(query);
  if (!options.prune || threshold_now == no_threshold) return false;
  const double most = most_inner_product(query_norm, chunk.most_norm, index.factors());
  const double bias = scan_biased ? chunk.most_bias : 0;
  // The last term is more than both sums lose.
  return most + bias + 0x1p-50 * (most + std::fabs(bias)) < least(query, threshold_now);
}

}  // namespace alsace
