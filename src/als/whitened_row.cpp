#include "src/als/whitened_row.hpp"

#include <algorithm>
#include <cmath>

#include "src/als/normal_equations.hpp"
#include "src/als/objective.hpp"

namespace alsace {
namespace {

constexpr std::size_t rows_together = 4;  // whiten_rows pads to a multiple
constexpr std::size_t most_ahead = 24;    // rows that are fetched for the next one: about what is under way at once

}  // namespace

WhitenedRow::WhitenedRow(const SharedPart& shared, const RotatedSide& side, std::size_t longest)
    : shared_(shared),
      side_(side),
      rows_((longest + rows_together) * shared.padded()),
      scratch_(side.scratch_rows(longest) * shared.padded()),
      scales_(shared.padded()),
      scales_with_weight_(shared.padded()),
      weight_roots_(longest),
      targets_(padded_factors(static_cast<int>(longest))) {}

bool WhitenedRow::load(std::size_t row) {
  const HalfSweep& job = shared_.job();
  const auto columns = job.rows.columns_of(row);
  length_ = columns.size();
  const auto regularization = static_cast<float>(shared_.regularization(length_));
  if (!side_.well_conditioned(regularization) || !observe_row(row)) return false;
  job.kernels.whitening_scales(side_.eigenvalues(), regularization, 1.0F, shared_.padded(), scales_.data());
  const float* scales = scales_.data();
  if (equal_weights_ && equal_root_ != 1.0F) {
    job.kernels.whitening_scales(side_.eigenvalues(), regularization, equal_root_, shared_.padded(),
                                 scales_with_weight_.data());
    scales = scales_with_weight_.data();
  }
  const RotatedSide::Rows rotated = side_.rows(columns, scratch_.data());
  const std::uint32_t* const shard_end = job.rows.columns.data() + job.rows.columns.size();
  const auto coming = static_cast<std::size_t>(shard_end - (columns.data() + columns.size()));
  job.kernels.whiten_rows(rotated.data, rotated.stride, rotated.columns, scales,
                          equal_weights_ ? nullptr : weight_roots_.data(), length_, std::min(coming, most_ahead),
                          job.config.factors, rows_.data());
  return true;
}

/// Fills τ and the roots of the weights.
bool WhitenedRow::observe_row(std::size_t row) {
  const HalfSweep& job = shared_.job();
  const auto values = job.rows.values_of(row);
  float* const targets = targets_.data();
  std::fill(targets + length_, targets + padded_factors(static_cast<int>(length_)), 0.0F);
  equal_weights_ = true;
  equal_root_ = 1;
  if (job.config.objective == Objective::explicit_) {  // all weights are 1
    std::copy(values.begin(), values.end(), targets);
    return true;
  }
  if (const auto equal = equal_observation(job.config, values)) {
    equal_root_ = std::sqrt(equal->weight);
    std::fill_n(targets, length_, equal->target / equal_root_);
    return true;
  }
  equal_weights_ = false;
  for (std::size_t j = 0; j < length_; ++j) {
    const Observation observation = observe(job.config, static_cast<double>(values[j]));
    const double root = std::sqrt(observation.weight);
    weight_roots_.data()[j] = static_cast<float>(root);
    if (!(weight_roots_.data()[j] > 0)) return false;
    targets[j] = static_cast<float>(observation.target / root);
  }
  return true;
}

}  // namespace alsace
