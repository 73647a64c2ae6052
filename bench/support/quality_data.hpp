#pragma once

#include <cstdint>
#include <vector>

#include "bench/support/interactions.hpp"
#include "src/kernels/kernel_table.hpp"
#include "src/matrix.hpp"

namespace alsace::bench {

/// Interactions to train on, and those of some users that are held out: 20 % of a user's, at random.
struct QualityData {
  Interactions train;
  std::vector<std::size_t> tested_users;  ///< rows of train.by_user that are evaluated
  SparseRows held_out;                    ///< one row a tested user
  std::vector<std::uint64_t> seen_offsets{0};
  std::vector<std::uint32_t> seen_items;  ///< of the tested users
};

/// Splits; evaluates every `stride`-th user.
QualityData hold_out(const Interactions& all, std::size_t stride);

/// Mean NDCG@100 over the tested users, seen items left out.
double ndcg_at_100(const QualityData& data, const FactorMatrix& users, const FactorMatrix& items,
                   const KernelTable& kernels, int threads);

}  // namespace alsace::bench
