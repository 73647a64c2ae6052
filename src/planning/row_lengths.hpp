#pragma once

#include <vector>

#include "src/planning/workload.hpp"

namespace alsace {

/// Rows of about the same number of interactions. Expected numbers, so not whole.
struct RowGroup {
  double rows = 0;
  double length = 0;   ///< interactions of each
  bool exact = false;  ///< each has just so many; else that is the mean of a Poisson number
};

/// How long the rows of both sides are. Under Popularity::power_law as `synth` draws them: users log-normal (σ = 1.2),
/// items Zipf–Mandelbrot with weight (rank + I/250)^-1.5 and taste clusters. A user who draws until they have `a`
/// different items has made t draws with Σ_i (1 − exp(−t p_i)) = a (the occupancy problem with Poisson draws: Gnedin,
/// Hansen & Pitman 2007, "Notes on the occupancy problem with infinitely many boxes", section 2), and item i is then in
/// Σ_users (1 − exp(−t p_i)) rows. About 20 ms, whatever the size.
struct RowLengths {
  std::vector<RowGroup> users;
  std::vector<RowGroup> items;
};
RowLengths row_lengths(const Workload& workload);

/// How many rows of a side are met by a shard of the other side that has `share` of all interactions. Each of a row's n
/// interactions is in the shard with that probability, so the row is met with 1 − (1 − share)^n, for a Poisson number
/// of mean n with 1 − exp(−n·share). Both are concave in n: of all data of a size, those whose rows are equally long
/// meet the most, which is what Popularity::uniform gives.
double rows_met(const std::vector<RowGroup>& side, double share);

}  // namespace alsace
