#pragma once

#include <span>
#include <vector>

#include "mpi/comm/communicator.hpp"

namespace alsace::mpi {

/// The ranks in groups: those of one host, or those that share one copy of something. Integers only, known whole to
/// every rank.
class RankGroups {
 public:
  /// keys[r]: equal for the ranks of a group, else any number. Groups are numbered by their lowest ranks.
  explicit RankGroups(std::span<const int> keys);

  /// Every rank for itself.
  static RankGroups singles(int ranks);

  [[nodiscard]] int ranks() const { return static_cast<int>(group_of_.size()); }
  [[nodiscard]] int groups() const { return static_cast<int>(members_.size()); }
  [[nodiscard]] int group_of(int rank) const { return group_of_[static_cast<std::size_t>(rank)]; }
  /// Ascending, at least one.
  [[nodiscard]] std::span<const int> members(int group) const { return members_[static_cast<std::size_t>(group)]; }
  [[nodiscard]] bool together(int rank, int other) const { return group_of(rank) == group_of(other); }

  /// The member of `group` that receives for all of it what `sender`, of another group, sends: so that every message
  /// reaches a group once, and its members share the work.
  [[nodiscard]] int receiver(int sender, int group) const;

 private:
  std::vector<int> group_of_;
  std::vector<std::vector<int>> members_;
  std::vector<int> place_;  // of a rank among its group's members
};

/// The ranks of each host, or, for tests, `ranks_per_host` consecutive ranks each. Collective: 4 bytes a rank.
RankGroups ranks_by_host(const Communicator& comm, int ranks_per_host = 0);

}  // namespace alsace::mpi
