#include "mpi/training/checkpointing.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

#include <boost/serialization/string.hpp>

#include "io/clock.hpp"
#include "mpi/comm/collectives.hpp"
#include "mpi/comm/objects.hpp"
#include "mpi/comm/stored_files.hpp"
#include "src/error.hpp"

namespace alsace::mpi {

CheckpointWriter::CheckpointWriter(const Communicator& comm, std::string model, const IdList& user_ids,
                                   const IdList& item_ids, int keep, PhaseTimes& times)
    : comm_(comm), model_(std::move(model)), keep_(keep), times_(times) {
  widths_.user = all_reduce_max(comm, std::max<std::uint64_t>(1, user_ids.longest()));
  widths_.item = all_reduce_max(comm, std::max<std::uint64_t>(1, item_ids.longest()));
}

CheckpointWriter::~CheckpointWriter() {
  if (thread_.valid()) thread_.wait();
  shard_.reset();
  remove_staged();
}

void CheckpointWriter::begin(int sweep, const TrainConfig& config, const io::ModelSide& users,
                             const io::SeenItems& seen) {
  const auto scope = times_.measure(Phase::checkpoint);
  ALSACE_CHECK(sweep_ == 0, "one checkpoint at a time");
  sweep_ = sweep;
  try {
    std::string staging;
    comm_.run_together([&] {
      if (comm_.is_root()) staging = io::stage_checkpoint(model_, sweep);
    });
    staging = broadcast_object(comm_, staging);
    start_thread([this, staging, config, users, seen] {
      shard_ = std::make_unique<io::ModelShardWriter>(staging, comm_.rank(), comm_.size(), config, widths_);
      shard_->write_users(users, seen);
    });
  } catch (const Error&) {
    discard();
    throw;
  }
}

void CheckpointWriter::end(const ModelInfo& info, const io::ModelSide& items) {
  const auto scope = times_.measure(Phase::checkpoint);
  ALSACE_CHECK(sweep_ == info.sweep, "the sweep that was begun");
  wait();
  info_ = std::make_unique<const ModelInfo>(info);
  start_thread([this, items] {
    shard_->write_items(items);
    stored_ = shard_->finish(*info_);
  });
}

void CheckpointWriter::publish() {
  const auto scope = times_.measure(Phase::checkpoint);
  wait();
  try {
    const auto files = all_gather_objects(comm_, stored_);
    comm_.run_together([&] {
      if (comm_.is_root()) io::publish_checkpoint(model_, *info_, files, widths_, keep_);
    });
  } catch (const Error&) {
    discard();
    throw;
  }
  times_.add_checkpoint_bytes(stored_.bytes);
  shard_.reset();
  info_.reset();
  sweep_ = 0;
}

void CheckpointWriter::discard() {
  if (sweep_ == 0) return;
  if (thread_.valid()) thread_.wait();
  thread_ = {};  // with whatever it threw
  shard_.reset();
  barrier(comm_);
  remove_staged();
  info_.reset();
  sweep_ = 0;
}

void CheckpointWriter::start_thread(std::function<void()> work) {
  thread_ = std::async(std::launch::async, [this, work = std::move(work)] {
    const io::Stopwatch watch;
    work();
    thread_seconds_ = watch.seconds();
  });
}

/// Until the part that is being written is on all ranks.
void CheckpointWriter::wait() {
  const io::Stopwatch watch;
  thread_.wait();
  const double waited = watch.seconds();
  try {
    comm_.run_together([&] { thread_.get(); });
  } catch (const Error&) {
    discard();
    throw;
  }
  times_.add_checkpoint_seconds(thread_seconds_, std::min(waited, thread_seconds_));
}

void CheckpointWriter::remove_staged() noexcept {
  if (sweep_ != 0 && comm_.is_root()) io::discard_checkpoint(model_, sweep_);
}

void commit_checkpoint(const Communicator& comm, const std::string& model, const ModelInfo& info,
                       const ModelShard& shard, int keep, PhaseTimes& times) {
  CheckpointWriter writer(comm, model, shard.user_ids, shard.item_ids, keep, times);
  writer.begin(info.sweep, info.config, {shard.users, shard.user_ids, shard.user_factors, shard.user_biases},
               {shard.seen_offsets, shard.seen_items, {}, shard.first_interaction});
  writer.end(info, {shard.items, shard.item_ids, shard.item_factors, shard.item_biases});
  writer.publish();
}

}  // namespace alsace::mpi
