#include "src/als/objective.hpp"

#include <cmath>

namespace alsace {

Observation observe(const TrainConfig& config, double value) {
  const double strength = std::fabs(value);
  const bool liked = value > 0;
  switch (config.objective) {
    case Objective::ials:
      return {strength, liked ? strength : 0.0};
    case Objective::hkv:
      return {config.alpha * strength, liked ? 1.0 + config.alpha * strength : 0.0};
    case Objective::explicit_:
      break;
  }
  return {1.0, value};
}

double observed_loss(const TrainConfig& config, double value, double score) {
  if (config.objective == Objective::explicit_) return (value - score) * (value - score);
  const Observation observation = observe(config, value);
  const double preference = value > 0 ? 1.0 : 0.0;
  const double error = (preference - score) * (preference - score);
  // hkv weighs an observed pair 1 + α|r|, and ⟨XᵀX, YᵀY⟩ has counted its square once already.
  if (config.objective == Objective::hkv) return (1.0 + observation.weight) * error - score * score;
  return observation.weight * error;
}

double gramian_weight(const TrainConfig& config) {
  switch (config.objective) {
    case Objective::ials:
      return config.unobserved_weight;
    case Objective::hkv:
      return 1.0;
    case Objective::explicit_:
      break;
  }
  return 0.0;
}

double regularization_weight(const TrainConfig& config, std::uint64_t interactions, std::uint64_t other_side) {
  double a0 = config.regularization_unobserved;
  if (config.objective == Objective::ials) a0 = config.unobserved_weight;
  if (config.objective == Objective::explicit_) a0 = 0;
  const double count = static_cast<double>(interactions) + a0 * static_cast<double>(other_side);
  const double exponent = config.regularization_exponent;
  // The common exponents without pow, whose last bit differs between processors.
  if (exponent == 0.0) return config.regularization;
  if (exponent == 1.0) return config.regularization * count;
  if (exponent == 0.5) return config.regularization * std::sqrt(count);
  return config.regularization * std::pow(count, exponent);
}

}  // namespace alsace
