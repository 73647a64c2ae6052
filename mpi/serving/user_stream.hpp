#pragma once

#include <cstdint>
#include <optional>

#include "io/store/model_store.hpp"
#include "mpi/comm/communicator.hpp"
#include "mpi/serving/user_selection.hpp"
#include "mpi/shard_map.hpp"
#include "src/data/id_list.hpp"
#include "src/model/model.hpp"
#include "src/ranking/scorer.hpp"

/// Users of a checkpoint as queries, for commands that ask about all of them or many.
namespace alsace::mpi {

/// The selected users in order, a batch at a time. Their rows are read as they come, so memory does not grow with the
/// number of users: every rank holds its part of a window of the user rows.
class UserStream {
 public:
  struct Batch {
    IdList ids;
    Queries queries;
  };

  struct Options {
    std::uint64_t first = 0;            ///< position of the selection to begin at
    std::uint64_t batch_size = 1024;    ///< most users at a time
    bool exclude_seen = true;           ///< queries exclude what their users have interacted with
    std::uint64_t window_rows = 65536;  ///< users in memory, over all ranks
  };

  /// `reader`: of files that are verified.
  UserStream(const Communicator& comm, const io::ModelReader& reader, const UserSelection& users,
             const Options& options);

  /// Users that came so far, those before `first` included.
  [[nodiscard]] std::uint64_t position() const { return position_; }
  /// The next users on every rank; nothing behind the last. Collective: see gather_queries. Throws ErrorKind::storage,
  /// the same on all ranks.
  std::optional<Batch> next();

 private:
  void read_window();

  const Communicator& comm_;
  const io::ModelReader& reader_;
  const UserSelection& users_;
  Options options_;
  std::uint64_t position_;
  std::uint64_t window_end_;  // positions before it are in the window
  ShardMap map_;              // of the window's rows
  ModelShard own_;            // this rank's
};

}  // namespace alsace::mpi
