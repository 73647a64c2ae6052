#pragma once

namespace alsace {

/// What a row costs to solve, in any unit: shards are cut so that every rank's rows cost about the same.
struct RowCost {
  double per_row = 1;
  double per_interaction = 1;
};

/// A row of half_sweep at K factors, in units of K²: one an interaction to form its system, K/3 and some overhead to
/// solve it.
inline RowCost training_cost(int factors) {
  return {.per_row = 8.0 + factors / 3.0, .per_interaction = 1.0};
}

}  // namespace alsace
