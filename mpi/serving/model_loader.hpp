#pragma once

#include <filesystem>
#include <future>
#include <memory>
#include <optional>
#include <string>

#include "mpi/comm/communicator.hpp"
#include "mpi/serving/rank_model.hpp"

namespace alsace::mpi {

/// Loads a checkpoint in a thread beside the one that serves, in step with the other ranks: every file is verified
/// (each by one rank) before any rank opens one, and a model is whole on all ranks or on none.
class ModelLoader {
 public:
  /// `item_info`: "" or the file, read anew for every model.
  ModelLoader(const Communicator& comm, std::filesystem::path item_info);

  /// Begins; the load before has ended. Returns at once. The thread goes on by itself should the loader go.
  void begin(const std::filesystem::path& checkpoint);

  /// Where all ranks together are.
  struct Progress {
    enum class State { running, loaded, refused };
    State state = State::running;
    std::unique_ptr<RankModel> model;  ///< loaded: this rank's part, complete
    std::string reason;                ///< refused: the error of the lowest rank that has one; on all ranks
    ErrorKind kind = ErrorKind::storage;
  };
  /// Goes on to the next step when all ranks have done theirs. Quick, but for the last step (see complete). Collective.
  Progress step();

 private:
  enum class Phase { verifying, reading };
  /// What the thread has come to. A verified checkpoint has no model yet.
  struct Result {
    std::unique_ptr<RankModel> model;
    std::optional<Error> error;
  };
  void start(Phase phase);

  const Communicator& comm_;
  std::filesystem::path item_info_;
  std::filesystem::path checkpoint_;
  Phase phase_ = Phase::verifying;
  std::future<Result> work_;
};

}  // namespace alsace::mpi
