#include "src/ranking/search_state.hpp"

#include <cmath>

namespace alsace {

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
      answered(asked.count) {
  ItemUnits units = in.units();
  if (!scan_biased) units.biases = 0;
  std::vector<double> turned(width());
  for (std::size_t q = 0; q < asked.count; ++q) {
    answered[q] = in.count() == 0 || is_done(q, length_of({row(q), width()}) * enlarged, in.chunks().front()) ? 1 : 0;
    if (answered[q] != 0) continue;
    in.basis().turn(kernels, row(q), turned.data());
    quantized[q] = quantize_query(turned, in.basis(), units, codes.data() + q * stride);
  }
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
