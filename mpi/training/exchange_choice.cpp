#include "mpi/training/exchange_choice.hpp"

#include <algorithm>
#include <vector>

namespace alsace::mpi {

const char* name_of(Exchange exchange) {
  switch (exchange) {
    case Exchange::replicate:
      return "replicate";
    case Exchange::needed:
      return "needed";
    default:
      return "auto";
  }
}

ExchangeCost replicate_cost(std::span<const RankRows> ranks, const RankGroups& hosts, const RankGroups& copies,
                            RowBytes row) {
  std::uint64_t rows = 0;
  for (const RankRows& rank : ranks) rows += rank.own;
  std::vector<ExchangeCost> of_host(static_cast<std::size_t>(hosts.groups()));
  for (int copy = 0; copy < copies.groups(); ++copy) {
    std::uint64_t lacking = rows;
    for (const int member : copies.members(copy)) lacking -= ranks[static_cast<std::size_t>(member)].own;
    ExchangeCost& host = of_host[static_cast<std::size_t>(hosts.group_of(copies.members(copy).front()))];
    host.held += rows * row.held;
    host.moved += lacking * row.moved;
  }
  ExchangeCost most;
  for (const ExchangeCost& host : of_host) most = {std::max(most.held, host.held), std::max(most.moved, host.moved)};
  return most;
}

ExchangeCost needed_cost(std::span<const RankRows> ranks, const RankGroups& hosts, RowBytes row) {
  ExchangeCost most;
  for (int host = 0; host < hosts.groups(); ++host) {
    ExchangeCost cost;
    for (const int member : hosts.members(host)) {
      const RankRows& rank = ranks[static_cast<std::size_t>(member)];
      cost.held += rank.needed * row.held;
      cost.moved += (rank.needed - rank.own) * row.moved;
    }
    most = {std::max(most.held, cost.held), std::max(most.moved, cost.moved)};
  }
  return most;
}

Exchange choose_exchange(const ExchangeCost& replicate, const ExchangeCost& needed, std::uint64_t available) {
  const bool replicate_fits = replicate.held <= available;
  const bool needed_fits = needed.held <= available;
  if (replicate_fits != needed_fits) return replicate_fits ? Exchange::replicate : Exchange::needed;
  return needed.moved < replicate.moved / 5 * 4 ? Exchange::needed : Exchange::replicate;
}

}  // namespace alsace::mpi
