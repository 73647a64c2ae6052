#include "src/als/normal_equations.hpp"

#include <algorithm>
#include <cmath>

#include "src/als/objective.hpp"

namespace alsace {

std::optional<EqualObservation> equal_observation(const TrainConfig& config, std::span<const float> values) {
  if (config.objective == Objective::explicit_) return std::nullopt;
  const float first = values.front();
  const bool equal = std::all_of(values.begin(), values.end(), [first](float value) { return value == first; });
  if (!equal) return std::nullopt;
  const Observation observation = observe(config, static_cast<double>(first));
  const EqualObservation each{static_cast<float>(observation.weight), static_cast<float>(observation.target)};
  if (!(each.weight > 0) || !std::isfinite(1.0F / each.weight)) return std::nullopt;
  return each;
}

NormalEquations::NormalEquations(const SharedPart& shared, std::size_t longest)
    : shared_(shared),
      matrix_(shared.padded() * shared.padded()),
      rhs_(shared.padded()),
      weights_(longest),
      targets_(longest),
      workspace_(normal_equations_workspace(shared.job().config.factors)) {}

void NormalEquations::start_from_shared(std::optional<EqualObservation> equal) {
  const float* const shared = shared_.matrix();
  if (shared == nullptr) return start_from_zero();
  const float scale = equal ? 1.0F / equal->weight : 1.0F;
  std::transform(shared, shared + matrix_.size(), matrix_.data(), [scale](float value) { return scale * value; });
  std::fill_n(rhs_.data(), rhs_.size(), 0.0F);
}

void NormalEquations::start_from_zero() {
  std::fill_n(matrix_.data(), matrix_.size(), 0.0F);
  std::fill_n(rhs_.data(), rhs_.size(), 0.0F);
}

void NormalEquations::add(std::span<const std::uint32_t> columns, std::span<const float> values,
                          std::optional<EqualObservation> equal) {
  const HalfSweep& job = shared_.job();
  if (!equal) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      const Observation observation = observe(job.config, static_cast<double>(values[i]));
      weights_.data()[i] = static_cast<float>(observation.weight);
      targets_.data()[i] = static_cast<float>(observation.target);
    }
  }
  const std::uint32_t* const shard_end = job.rows.columns.data() + job.rows.columns.size();
  const auto coming = static_cast<std::size_t>(shard_end - (columns.data() + columns.size()));
  const float* const weights = equal ? nullptr : weights_.data();
  const float* const targets = equal ? nullptr : targets_.data();
  if (shared_.fixed_bf16() != nullptr) {
    job.kernels.form_normal_equations_bf16(shared_.fixed_bf16(), job.config.factors, columns.data(), weights, targets,
                                           columns.size(), coming, matrix_.data(), rhs_.data(), workspace_.data());
  } else {
    job.kernels.form_normal_equations(job.fixed.data(), job.config.factors, columns.data(), weights, targets,
                                      columns.size(), coming, matrix_.data(), rhs_.data(), workspace_.data());
  }
}

void NormalEquations::add(const NormalEquations& other, std::size_t begin, std::size_t end) {
  for (std::size_t i = begin; i < end; ++i) matrix_.data()[i] += other.matrix_.data()[i];
  if (begin > 0) return;
  for (std::size_t i = 0; i < rhs_.size(); ++i) rhs_.data()[i] += other.rhs_.data()[i];
}

bool NormalEquations::solve(double regularization, std::optional<EqualObservation> equal, float* x) {
  const std::size_t factors = shared_.factors();
  const double weight = equal ? static_cast<double>(equal->weight) : 1.0;
  const auto diagonal = static_cast<float>(regularization / weight);
  for (std::size_t i = 0; i < factors; ++i) matrix_.data()[i * shared_.padded() + i] += diagonal;
  if (equal) {
    const auto scale = static_cast<float>(static_cast<double>(equal->target) / weight);
    for (std::size_t i = 0; i < factors; ++i) rhs_.data()[i] *= scale;
  }
  const HalfSweep& job = shared_.job();
  if (!job.kernels.solve_positive_definite(matrix_.data(), rhs_.data(), job.config.factors)) return false;
  std::copy_n(rhs_.data(), factors, x);
  return std::all_of(x, x + factors, [](float value) { return std::isfinite(value); });
}

}  // namespace alsace
