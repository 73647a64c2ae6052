#include <algorithm>
#include <span>

#include "mpi/comm/collectives.hpp"
#include "mpi/data/load_input.hpp"

namespace alsace::mpi {

ShardMap cut_by_cost(const Communicator& comm, const ShardMap& current, const std::vector<std::uint64_t>& lengths,
                     const RowCost& cost) {
  const auto cost_of = [&cost](std::uint64_t length) {
    return cost.per_row + cost.per_interaction * static_cast<double>(length);
  };
  double mine = 0;
  for (const std::uint64_t length : lengths) mine += cost_of(length);

  // Every rank adds the ranks' totals in the same order and so agrees on who finds which cut.
  std::vector<double> starts{0};
  for (const double total : all_gather(comm, mine)) starts.push_back(starts.back() + total);
  const double total = starts.back();
  const auto ranks = static_cast<std::size_t>(comm.size());
  const auto rank = static_cast<std::size_t>(comm.rank());

  // Cut k lies at the row bound nearest to k/ranks of the total, within the rank whose rows hold that point.
  std::vector<std::uint64_t> bounds(ranks + 1, 0);
  double before = starts[rank];
  std::size_t row = 0;
  for (std::size_t k = 1; k < ranks; ++k) {
    const double target = total * static_cast<double>(k) / static_cast<double>(ranks);
    if (target <= starts[rank] || target > starts[rank + 1]) continue;
    while (row < lengths.size() && before + cost_of(lengths[row]) / 2 < target) before += cost_of(lengths[row++]);
    bounds[k] = current.range(comm.rank()).begin + row;
  }
  all_reduce_max(comm, std::span<std::uint64_t>(bounds));
  bounds.back() = current.rows();
  for (std::size_t k = 1; k <= ranks; ++k) bounds[k] = std::clamp(bounds[k], bounds[k - 1], current.rows());
  return ShardMap(std::move(bounds));
}

}  // namespace alsace::mpi
