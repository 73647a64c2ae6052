#pragma once

#include <cstdint>
#include <future>
#include <memory>
#include <string>

#include "io/store/model_store.hpp"
#include "mpi/comm/communicator.hpp"
#include "mpi/training/phase_times.hpp"
#include "src/model/model.hpp"

namespace alsace::mpi {

/// Commits checkpoints while training goes on, without a copy of the factors: the users of a sweep are written while
/// its items are solved, the items while the next sweep's users are. A checkpoint is
///
///   begin(users)            rank 0 stages; a thread of every rank writes its users
///   end(info, items)        waits for the users; the thread writes the items, syncs the shard and reads it back
///   publish()               waits for that; hashes are gathered, rank 0 publishes
///
/// The thread makes no MPI call, and nobody else may use HDF5 from begin() or end() on until publish() or discard().
/// What the spans of a side point to must not change before the call that waits for it. All functions are collective,
/// move a small record of each file, and throw what failed on any rank on all, after the staged files are removed; the
/// last checkpoint is then untouched.
class CheckpointWriter {
 public:
  /// `ids` say how wide ids are stored: those that every checkpoint is going to have.
  CheckpointWriter(const Communicator& comm, std::string model, const IdList& user_ids, const IdList& item_ids,
                   int keep, PhaseTimes& times);
  /// Waits for the thread; rank 0 removes what was staged, as far as other ranks have let go of it: the rest goes at
  /// the next begin. Not collective.
  ~CheckpointWriter();
  CheckpointWriter(const CheckpointWriter&) = delete;
  CheckpointWriter& operator=(const CheckpointWriter&) = delete;

  /// `config` must not change until the end of the checkpoint, nor do the spans of `users` and `seen` until end().
  void begin(int sweep, const TrainConfig& config, const io::ModelSide& users, const io::SeenItems& seen);
  /// `info`: of the sweep that was begun.
  void end(const ModelInfo& info, const io::ModelSide& items);
  void publish();
  /// Gives up what was begun, whatever became of it; without effect when nothing was.
  void discard();

  /// The sweep that begin() was called for and not yet publish(); 0 for none.
  [[nodiscard]] int begun() const { return sweep_; }
  /// True between end() and publish().
  [[nodiscard]] bool ended() const { return info_ != nullptr; }

 private:
  void start_thread(std::function<void()> work);
  void wait();
  void remove_staged() noexcept;

  const Communicator& comm_;
  std::string model_;
  io::IdWidths widths_;
  int keep_;
  PhaseTimes& times_;

  int sweep_ = 0;
  std::unique_ptr<const ModelInfo> info_;
  std::unique_ptr<io::ModelShardWriter> shard_;
  io::StoredFile stored_;
  double thread_seconds_ = 0;  // of the part that runs or ran last
  std::future<void> thread_;   // last: destroyed, and so waited for, first
};

/// A whole checkpoint of rows that this rank owns, at once. Collective.
void commit_checkpoint(const Communicator& comm, const std::string& model, const ModelInfo& info,
                       const ModelShard& shard, int keep, PhaseTimes& times);

}  // namespace alsace::mpi
