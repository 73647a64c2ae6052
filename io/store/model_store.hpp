#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "io/store/manifest.hpp"
#include "io/store/model_lock.hpp"
#include "io/store/shard_writer.hpp"
#include "src/model/model.hpp"

/// Checkpoints of a model: a directory with one sweep-NNNNNN directory a checkpoint, `latest` and, with validation
/// data, `best`, which are links. Nothing here is collective: every rank writes its shard; rank 0 stages and publishes.
///
///   model/latest -> sweep-000012
///   model/sweep-000012/{MANIFEST.json, shard-00000.h5 …, model.h5}
namespace alsace::io {

/// Name of a checkpoint: sweep-000012.
std::string sweep_name(int sweep);

/// Throws ErrorKind::usage when `model` is a file, a data set or a single checkpoint, or lies in one, where no
/// checkpoints can go.
void refuse_other_than_model(const std::filesystem::path& model);

/// Makes the model directory if need be (the parents of what it makes are fsynced), removes what an interrupted commit
/// left behind (by our names alone: sweep-NNNNNN.tmp, sweep-NNNNNN.replaced.tmp, latest.tmp, best.tmp), and makes and
/// removes a file to see that the directory can be written, before hours of training. Throws ErrorKind::storage with
/// the system's reason, and what refuse_other_than_model throws.
void prepare_model_directory(const std::filesystem::path& model);

/// prepare_model_directory, then makes the empty staging directory of `sweep` and returns it.
std::filesystem::path stage_checkpoint(const std::filesystem::path& model, int sweep);

/// One side of a shard, in memory of somebody who leaves it alone until it is written.
struct ModelSide {
  RowRange rows;
  const IdList& ids;
  FactorView factors;              ///< rows.size() × K
  std::span<const double> biases;  ///< one a row for explicit with full biases, else empty
};

/// The seen lists of a shard's users, likewise; see ModelShard.
struct SeenItems {
  std::span<const std::uint64_t> offsets;
  std::span<const std::uint32_t> items;
  std::span<const std::uint32_t> item_of;  ///< the index that a number in `items` stands for; empty: itself
  std::uint64_t first_interaction = 0;
};

/// Writes one rank's shard in two parts, so that each side can be written while the other one is solved: the rows are
/// read while write_users and write_items run, not copied and not needed later. The calls may come from different
/// threads, one after the other. Throws ErrorKind::storage, and ErrorKind::numerics for a number that is not finite.
class ModelShardWriter {
 public:
  /// Makes the file in `staging`. `config` says what a row consists of.
  ModelShardWriter(const std::filesystem::path& staging, int shard, int shards, const TrainConfig& config,
                   const IdWidths& widths);

  void write_users(const ModelSide& users, const SeenItems& seen);
  void write_items(const ModelSide& items);

  /// After both: Gramians of `info` (into shard 0 alone) and links, fsync, drop from the page cache, read back,
  /// compare.
  StoredFile finish(const ModelInfo& info);

 private:
  StoredFile stored_;
  int shard_;
  int shards_;
  TrainConfig config_;
  IdWidths widths_;
  ShardFileWriter file_;
};

/// Writes a whole shard: all of the above. Throws the same.
StoredFile write_model_shard(const std::filesystem::path& staging, int shard, int shards, const ModelInfo& info,
                             const ModelShard& data, const IdWidths& widths);

/// Writes the h5py view and the manifest, renames the staging directory, moves `latest` (and `best` when info says that
/// this sweep is the best), and removes all but the newest `keep` checkpoints, the best, and those that somebody reads.
/// In this order, each step fsynced, so that a failure anywhere leaves the last checkpoint loadable.
void publish_checkpoint(const std::filesystem::path& model, const ModelInfo& info,
                        const std::vector<StoredFile>& shards, const IdWidths& widths, int keep);

/// Removes the staging directory of `sweep`; never throws.
void discard_checkpoint(const std::filesystem::path& model, int sweep) noexcept;

/// The checkpoint directory that MODEL means: a model directory (its `preferred` link, "best" falling back to
/// "latest"), a link, or a sweep directory. Throws ErrorKind::storage naming what is missing.
std::filesystem::path resolve_model(const std::filesystem::path& model, const std::string& preferred);

/// True when `model` holds a checkpoint to go on from.
bool has_checkpoint(const std::filesystem::path& model);

/// Parameters as the manifest has them: name -> value as JSON text, for `inspect` and to compare on resume.
std::vector<std::pair<std::string, std::string>> parameter_list(const TrainConfig& config);

class ModelReader {
 public:
  /// Reads and checks the manifest of a checkpoint directory (see resolve_model), which no training removes from then
  /// on until the reader is gone. Throws ErrorKind::storage.
  explicit ModelReader(const std::filesystem::path& checkpoint);

  /// Everything of the model but its rows. The Gramians are read on request only: see read_gramians.
  [[nodiscard]] const ModelInfo& info() const { return info_; }
  [[nodiscard]] const std::vector<StoredFile>& files() const { return files_; }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  /// Checks size and hash of the files first, first + stride, …. All files must have passed on some rank before any is
  /// read.
  void verify_files(int first = 0, int stride = 1) const;

  /// Fills info().user_gramian and item_gramian from shard 0.
  void read_gramians();

  /// What to read of the rows: a scorer needs no seen lists, a resumed training no user factors.
  struct Parts {
    bool user_ids = true;
    bool user_factors = true;  ///< and biases
    bool seen = true;
    bool item_ids = true;
    bool item_factors = true;  ///< and biases
  };
  /// The rows of the two ranges, from whatever shards hold them. Checks every shape, index and number.
  [[nodiscard]] ModelShard read(RowRange users, RowRange items, const Parts& parts) const;
  [[nodiscard]] ModelShard read(RowRange users, RowRange items) const { return read(users, items, Parts()); }

 private:
  std::filesystem::path path_;
  ReadingLock lock_;
  ModelInfo info_;
  std::vector<StoredFile> files_;
};

}  // namespace alsace::io
