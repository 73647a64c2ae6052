#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "mpi/comm/communicator.hpp"
#include "mpi/serving/messages.hpp"
#include "mpi/serving/rank_model.hpp"
#include "src/kernels/kernel_table.hpp"
#include "src/ranking/top_k.hpp"

namespace alsace::mpi {

/// What all ranks together found for a batch; on rank 0 alone.
struct BatchAnswer {
  RankedLists lists;                  ///< one a list of the messages, in their order
  std::vector<std::uint8_t> popular;  ///< one a list: 1 where it is the fallback
  std::vector<std::string> failures;  ///< one a message: why its factors could not be found, or ""
  double gather_seconds = 0;
  double score_seconds = 0;
  double merge_seconds = 0;
};

/// Scores a batch: those who hold a user's or an item's rows give them to all, all score their own items, the lists are
/// merged along a tree. The lists are those of top_k_of_block over all items, bit for bit, whatever they are
/// batched with. Collective: 4·K bytes a user and an event's item, 4 a seen item to every rank; then see merge_to_root.
BatchAnswer answer_batch(const Communicator& comm, const KernelTable& kernels, int threads, const RankModel& model,
                         const std::vector<ScoringMessage>& messages);

}  // namespace alsace::mpi
