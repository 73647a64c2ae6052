#include "mpi/data/distributed_ids.hpp"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "mpi/comm/collectives.hpp"
#include "mpi/data/move_ids.hpp"
#include "src/data/id_order.hpp"
#include "src/error.hpp"

namespace alsace::mpi {
namespace {

IdList sorted_unique(const IdList& ids, IdOrder order) {
  std::vector<std::uint32_t> at(ids.size());
  std::iota(at.begin(), at.end(), 0U);
  std::sort(at.begin(), at.end(), [&](std::uint32_t a, std::uint32_t b) { return order(ids[a], ids[b]); });
  IdList sorted;
  for (std::size_t i = 0; i < at.size(); ++i) {
    if (i == 0 || ids[at[i]] != ids[at[i - 1]]) sorted.push_back(ids[at[i]]);
  }
  return sorted;
}

/// At most ranks − 1 ids that cut the union into parts of about equal size.
IdList choose_splitters(const Communicator& comm, const IdList& sorted, IdOrder order) {
  const auto ranks = static_cast<std::uint64_t>(comm.size());
  const std::uint64_t total = all_reduce_sum(comm, static_cast<std::uint64_t>(sorted.size()));
  IdList mine;
  for (const std::uint64_t place : sample_places(sorted.size(), total, comm.rank(), comm.size())) {
    mine.push_back(sorted[place]);
  }
  const IdList samples = sorted_unique(all_gather_ids(comm, mine), order);
  IdList splitters;
  for (std::uint64_t r = 1; r < ranks && !samples.empty(); ++r)
    splitters.push_back(samples[samples.size() * r / ranks]);
  return splitters;
}

ShardMap map_of_sizes(const Communicator& comm, std::size_t mine) {
  std::vector<std::uint64_t> bounds{0};
  for (const std::uint64_t size : all_gather(comm, static_cast<std::uint64_t>(mine))) {
    bounds.push_back(bounds.back() + size);
  }
  return ShardMap(std::move(bounds));
}

}  // namespace

std::vector<std::uint64_t> sample_places(std::uint64_t size, std::uint64_t total, int rank, int ranks) {
  constexpr std::uint64_t samples_a_rank = 64;
  const auto count = static_cast<std::uint64_t>(ranks);
  const std::uint64_t step = std::max<std::uint64_t>(1, total / (samples_a_rank * count));
  // Ranks start at other places of a step: those with equal lists then give different samples.
  const std::uint64_t first = step * (2 * static_cast<std::uint64_t>(rank) + 1) / (2 * count);
  std::vector<std::uint64_t> places;
  for (std::uint64_t place = first; place < size; place += step) places.push_back(place);
  if (places.empty() && size > 0) places.push_back(size / 2);
  return places;
}

DistributedIds DistributedIds::build(const Communicator& comm, const IdList& ids) {
  const IdOrder order{all_of(comm, all_digits(ids))};
  const IdList sorted = sorted_unique(ids, order);
  const IdList splitters = choose_splitters(comm, sorted, order);

  std::vector<std::uint64_t> counts;
  std::size_t at = 0;
  for (std::size_t s = 0; s < splitters.size(); ++s) {
    const std::size_t end = lower_bound(sorted, splitters[s], order);
    counts.push_back(end - at);
    at = end;
  }
  counts.push_back(sorted.size() - at);
  counts.resize(static_cast<std::size_t>(comm.size()), 0);

  IdList mine = sorted_unique(all_to_all_ids(comm, sorted, counts).ids, order);
  ShardMap map = map_of_sizes(comm, mine.size());
  if (map.rows() >= absent) {
    throw AgreedError(input_error(fmt::format("ids = {}, expected fewer than {} a side", map.rows(), absent)));
  }
  return from_sorted(comm, std::move(mine), std::move(map));
}

DistributedIds DistributedIds::from_sorted(const Communicator& comm, IdList mine, ShardMap map) {
  DistributedIds result(std::move(mine), std::move(map));
  result.numeric_ = all_of(comm, all_digits(result.mine_));
  const IdOrder order{result.numeric_};
  IdList first;
  if (!result.mine_.empty()) first.push_back(result.mine_[0]);
  result.first_ids_ = all_gather_ids(comm, first);
  const auto sizes = all_gather(comm, static_cast<std::uint64_t>(result.mine_.size()));
  for (std::size_t r = 0; r < sizes.size(); ++r) {
    if (sizes[r] > 0) result.first_rank_.push_back(static_cast<int>(r));
  }
  comm.run_together([&] {
    ALSACE_CHECK(result.map_.range(comm.rank()).size() == result.mine_.size(), "as many ids as the map says");
    for (std::size_t i = 1; i < result.mine_.size(); ++i) {
      ALSACE_CHECK(order(result.mine_[i - 1], result.mine_[i]), "ids are in index order");
    }
    for (std::size_t i = 1; i < result.first_ids_.size(); ++i) {
      ALSACE_CHECK(order(result.first_ids_[i - 1], result.first_ids_[i]), "ranges are in index order");
    }
  });
  return result;
}

std::vector<std::uint32_t> DistributedIds::lookup(const Communicator& comm, const IdList& ids) const {
  const IdOrder order{numeric_};
  const auto ranks = static_cast<std::size_t>(comm.size());

  // Which rank to ask for each id; -1 where none can know it.
  std::vector<int> asked(ids.size(), -1);
  std::vector<std::uint64_t> counts(ranks, 0);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (numeric_ && !is_digits(ids[i])) continue;
    std::size_t at = lower_bound(first_ids_, ids[i], order);
    const bool is_first = at < first_ids_.size() && first_ids_[at] == ids[i];
    if (!is_first) {
      if (at == 0) continue;
      --at;
    }
    asked[i] = first_rank_[at];
    ++counts[static_cast<std::size_t>(asked[i])];
  }

  // Questions grouped by rank; slot[i] is where the question about id i stands.
  std::vector<std::uint64_t> next(ranks, 0);
  std::exclusive_scan(counts.begin(), counts.end(), next.begin(), std::uint64_t{0});
  std::vector<std::size_t> slot(ids.size(), 0);
  std::vector<std::size_t> question(std::accumulate(counts.begin(), counts.end(), std::size_t{0}));
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (asked[i] < 0) continue;
    slot[i] = next[static_cast<std::size_t>(asked[i])]++;
    question[slot[i]] = i;
  }
  IdList questions;
  for (const std::size_t i : question) questions.push_back(ids[i]);

  const ReceivedIds received = all_to_all_ids(comm, questions, counts);
  std::vector<std::uint32_t> answers(received.ids.size(), absent);
  const auto first = static_cast<std::uint32_t>(map_.range(comm.rank()).begin);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const std::size_t at = lower_bound(mine_, received.ids[i], order);
    if (at < mine_.size() && mine_[at] == received.ids[i]) answers[i] = first + static_cast<std::uint32_t>(at);
  }
  const auto replies = all_to_all<std::uint32_t>(comm, answers, received.counts);

  std::vector<std::uint32_t> result(ids.size(), absent);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (asked[i] >= 0) result[i] = replies.elements[slot[i]];
  }
  return result;
}

}  // namespace alsace::mpi
