#include "mpi/planning/measure_files.hpp"

#include <optional>
#include <string>

#include <fmt/format.h>

#include "io/clock.hpp"
#include "io/store/model_lock.hpp"
#include "mpi/comm/collectives.hpp"
#include "mpi/data/dataset_writer.hpp"
#include "mpi/data/fingerprint.hpp"
#include "mpi/data/load_dataset.hpp"
#include "mpi/data/write_synthetic.hpp"
#include "mpi/training/checkpointing.hpp"
#include "mpi/training/phase_times.hpp"
#include "src/als/initial_factors.hpp"
#include "src/error.hpp"

namespace alsace::mpi {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t users_a_rank = 40000;
constexpr std::uint64_t items_a_rank = 10000;
constexpr std::uint64_t interactions_a_rank = 1000000;
constexpr int factors = 64;

constexpr const char* data_name = "data";
constexpr const char* model_name = "model";

/// True for a folder that a run which was killed has left, and nobody else.
bool is_leftover(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(fs::symlink_status(path, error))) return false;
  for (const fs::directory_entry& entry : fs::directory_iterator(path, error)) {
    const std::string name = entry.path().filename().string();
    if (name != model_name && !name.starts_with(data_name)) return false;
  }
  return !error;
}

/// A folder of its own below a directory, made by rank 0 and removed by it. Collective.
class Folder {
 public:
  Folder(const Communicator& comm, const fs::path& directory) : path_(directory / ".alsace-calibration") {
    comm.run_together([&] {
      if (!comm.is_root()) return;
      std::error_code error;
      if (!fs::create_directory(path_, error) && !error && !is_leftover(path_)) {
        throw usage_error(fmt::format("{}: exists, expected a name that is free", path_.string()));
      }
      if (error) throw storage_error(fmt::format("{}: making the folder failed: {}", path_.string(), error.message()));
      lock_.emplace(path_);
      for (const fs::directory_entry& entry : fs::directory_iterator(path_)) fs::remove_all(entry.path(), error);
      if (error) throw storage_error(fmt::format("{}: removing leftovers failed: {}", path_.string(), error.message()));
    });
  }
  ~Folder() {
    std::error_code ignored;
    if (lock_) fs::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
  std::optional<io::ModelLock> lock_;  // of rank 0: another run measures elsewhere
};

SyntheticConfig sizes_for(const Communicator& comm) {
  const auto ranks = static_cast<std::uint64_t>(comm.size());
  return {.users = users_a_rank * ranks, .items = items_a_rank * ranks, .interactions = interactions_a_rank * ranks};
}

double measure_loading(const Communicator& comm, const fs::path& path, DatasetShard& shard) {
  DatasetWriter(comm, path, false).publish(shard, fingerprint_together(comm, shard), {{"source", "alsace plan"}});
  barrier(comm);
  const io::Stopwatch watch;
  const LoadedDataset loaded = load_dataset(comm, path.string(), RowCost{});
  const double seconds = all_reduce_max(comm, watch.seconds());
  return static_cast<double>(loaded.shard.by_user.nonzeros()) * 8 / seconds;
}

double measure_checkpoint(const Communicator& comm, const fs::path& path, DatasetShard& data) {
  ModelInfo info;
  info.config.factors = factors;
  info.users = data.users;
  info.items = data.items;
  info.interactions = data.interactions;
  info.sweep = 1;
  info.user_gramian = GramMatrix::Identity(factors, factors);
  info.item_gramian = info.user_gramian;
  ModelShard shard;
  shard.users = data.by_user.range();
  shard.items = data.item_range();
  shard.user_ids = std::move(data.user_ids);
  shard.item_ids = std::move(data.item_ids);
  shard.user_factors.resize(static_cast<Eigen::Index>(shard.users.size()), factors);
  shard.item_factors.resize(static_cast<Eigen::Index>(shard.items.size()), factors);
  initialize_items(info.config, shard.users, shard.user_factors.data());
  initialize_items(info.config, shard.items, shard.item_factors.data());
  shard.seen_offsets = std::move(data.by_user.offsets);
  shard.seen_items = std::move(data.by_user.columns);
  shard.first_interaction = data.first_interaction;
  const auto bytes = static_cast<double>((shard.user_factors.size() + shard.item_factors.size()) * 4) +
                     static_cast<double>(shard.seen_items.size()) * 4;
  barrier(comm);
  PhaseTimes times;
  const io::Stopwatch watch;
  commit_checkpoint(comm, path.string(), info, shard, 1, times);
  return bytes / all_reduce_max(comm, watch.seconds());
}

}  // namespace

MeasuredFiles measure_files(const Communicator& comm, const fs::path& directory) {
  const Folder folder(comm, directory);
  DatasetShard shard = synthetic_shard(comm, sizes_for(comm));
  MeasuredFiles files;
  files.load_bytes_per_second = all_reduce_min(comm, measure_loading(comm, folder.path() / data_name, shard));
  files.checkpoint_bytes_per_second = all_reduce_min(comm, measure_checkpoint(comm, folder.path() / model_name, shard));
  return files;
}

}  // namespace alsace::mpi
