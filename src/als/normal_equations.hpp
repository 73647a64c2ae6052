#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "src/aligned_array.hpp"
#include "src/als/shared_part.hpp"

namespace alsace {

/// A row's interactions are summed in segments of this many, and the segments are added in order: so the segments of
/// one row can be summed anywhere. Part of the algorithm: it decides the rounding.
inline constexpr std::size_t segment_interactions = 4096;

/// The weight and target that all interactions of a row have.
struct EqualObservation {
  float weight = 0;
  float target = 0;
};

/// What a row's interactions count when they all count the same, as binary ones do; nothing when they differ, weigh
/// nothing, or are ratings. The sums are then taken over plain rows and the rest is scaled.
std::optional<EqualObservation> equal_observation(const TrainConfig& config, std::span<const float> values);

/// One row's system, or one segment's share of it: matrix (P × P, upper triangle) and right-hand side (P). The system
/// of a row whose observations are equal is divided by their weight.
class NormalEquations {
 public:
  /// All memory is taken here. `longest`: interactions that one add() may get, at most segment_interactions.
  NormalEquations(const SharedPart& shared, std::size_t longest);

  /// Becomes c·G / weight and zero; without `weight` undivided.
  void start_from_shared(std::optional<EqualObservation> equal);
  void start_from_zero();
  /// += Σ weight·y yᵀ and Σ target·y over one segment, or Σ y yᵀ and Σ y where observations are equal.
  void add(std::span<const std::uint32_t> columns, std::span<const float> values,
           std::optional<EqualObservation> equal);
  /// += another share, entries [begin, end) of the matrix and, with the first of them, the right-hand side.
  void add(const NormalEquations& other, std::size_t begin, std::size_t end);
  /// Adds w·I and solves into x (K floats); the system is gone then. False when it is not positive definite or x is not
  /// finite.
  [[nodiscard]] bool solve(double regularization, std::optional<EqualObservation> equal, float* x);

  [[nodiscard]] std::size_t matrix_size() const { return matrix_.size(); }

 private:
  const SharedPart& shared_;
  AlignedFloats matrix_;
  AlignedFloats rhs_;
  AlignedFloats weights_;  ///< one an interaction of a segment
  AlignedFloats targets_;
  AlignedFloats workspace_;
};

}  // namespace alsace
