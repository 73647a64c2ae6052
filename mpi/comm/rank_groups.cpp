#include "mpi/comm/rank_groups.hpp"

#include <map>
#include <numeric>

#include "mpi/comm/collectives.hpp"
#include "src/error.hpp"

namespace alsace::mpi {

RankGroups::RankGroups(std::span<const int> keys) {
  std::map<int, int> group_of_key;
  for (const int key : keys) {
    const int group = group_of_key.emplace(key, static_cast<int>(group_of_key.size())).first->second;
    if (group == groups()) members_.emplace_back();
    auto& members = members_[static_cast<std::size_t>(group)];
    place_.push_back(static_cast<int>(members.size()));
    members.push_back(ranks());
    group_of_.push_back(group);
  }
}

RankGroups RankGroups::singles(int ranks) {
  std::vector<int> keys(static_cast<std::size_t>(ranks));
  std::iota(keys.begin(), keys.end(), 0);
  return RankGroups(keys);
}

int RankGroups::receiver(int sender, int group) const {
  ALSACE_CHECK(group_of(sender) != group, "nothing is sent within a group");
  const auto receivers = members(group);
  return receivers[static_cast<std::size_t>(place_[static_cast<std::size_t>(sender)]) % receivers.size()];
}

RankGroups ranks_by_host(const Communicator& comm, int ranks_per_host) {
  if (ranks_per_host > 0) return RankGroups(all_gather(comm, comm.rank() / ranks_per_host));
  const Communicator host = comm.split_by_host();
  return RankGroups(all_gather(comm, broadcast_value(host, comm.rank())));
}

}  // namespace alsace::mpi
