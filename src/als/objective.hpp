#pragma once

#include <cstdint>

#include "src/als/config.hpp"

namespace alsace {

/// What an interaction of strength `value` adds to its row's normal equations: `weight` to Σ weight·y yᵀ and `target`
/// to Σ target·y.
struct Observation {
  double weight;
  double target;
};

/// The weight and target of one interaction.
///   hkv: α|r| and 1 + α r (0 for a dislike);   ials: |r| and r (0 for a dislike);   explicit: 1 and the residual.
/// `value` is what prepare_values made of the data: 1 for binary, a negative number only for a dislike.
Observation observe(const TrainConfig& config, double value);

/// What an observed pair adds to the loss beside the part over all pairs, gramian_weight · ⟨XᵀX, YᵀY⟩: hkv
/// c (p − score)² − score², ials r (p − score)², explicit (residual − score)², with p = 1, or 0 for a dislike.
double observed_loss(const TrainConfig& config, double value, double score);

/// The factor before the other side's Gramian in the normal equations: 1 for hkv, α0 for ials, 0 for explicit.
double gramian_weight(const TrainConfig& config);

/// w = λ (n + a0·M)^ν for a row of n interactions, M the number of rows of the other side.
double regularization_weight(const TrainConfig& config, std::uint64_t interactions, std::uint64_t other_side);

}  // namespace alsace
