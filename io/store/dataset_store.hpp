#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "io/store/manifest.hpp"
#include "src/data/dataset_shard.hpp"
#include "src/model/model.hpp"

/// A data set on disk: a directory of HDF5 shards and a MANIFEST.json, which is written last and is the commit.
/// Nothing here is collective: every rank writes and reads files of its own; rank 0 publishes.
namespace alsace::io {

struct DatasetInfo {
  std::uint64_t users = 0;
  std::uint64_t items = 0;
  std::uint64_t interactions = 0;
  bool has_timestamps = false;
  Fingerprint fingerprint;
  std::map<std::string, std::string> origin;  ///< what import says of itself: inputs, rows read, merged, dropped
};

/// Content hash of one shard; those of all shards added up (wrapping, each half) are the data set's fingerprint, which
/// depends neither on the shards nor on timestamps.
Fingerprint fingerprint_of(const DatasetShard& shard);
Fingerprint operator+(const Fingerprint& a, const Fingerprint& b);
std::string to_hex(const Fingerprint& fingerprint);

/// True when `path` is a directory with a manifest, unless that is one of a model. A damaged manifest counts as a data
/// set's: DatasetReader says what is wrong with it.
bool is_dataset(const std::filesystem::path& path);

/// Makes the empty directory `path`.tmp that shards are written to, in the place of a leftover one. Throws
/// ErrorKind::usage when `path` exists and `overwrite` is false (or `path` is not a data set), when it lies in another
/// data set or in a checkpoint, and when what has the name of a leftover is not one: a directory of shards, model.h5
/// and MANIFEST.json, nothing else.
std::filesystem::path stage_dataset(const std::filesystem::path& path, bool overwrite);

/// Writes, fsyncs, drops from the page cache, reads back and compares one shard. Throws ErrorKind::storage.
StoredFile write_dataset_shard(const std::filesystem::path& staging, int shard, const DatasetShard& data,
                               const IdWidths& widths);

/// Manifest, fsync, rename: afterwards `path` is the data set.
void publish_dataset(const std::filesystem::path& path, const DatasetInfo& info, const std::vector<StoredFile>& files);

/// Removes what stage_dataset made; never throws.
void discard_dataset(const std::filesystem::path& path) noexcept;

class DatasetReader {
 public:
  /// Reads and checks the manifest. Throws ErrorKind::storage naming file and field.
  explicit DatasetReader(const std::filesystem::path& path);

  [[nodiscard]] const DatasetInfo& info() const { return info_; }
  [[nodiscard]] const std::vector<StoredFile>& files() const { return files_; }

  /// Checks size and hash of the files first, first + stride, …. All files must have passed on some rank before any is
  /// read.
  void verify_files(int first = 0, int stride = 1) const;

  /// Interactions of each user of `users`.
  [[nodiscard]] std::vector<std::uint64_t> read_lengths(RowRange users) const;

  /// The users and items of the two ranges, from whatever shards hold them. Checks every shape, index and number.
  [[nodiscard]] DatasetShard read(RowRange users, RowRange items) const;

 private:
  std::filesystem::path path_;
  DatasetInfo info_;
  std::vector<StoredFile> files_;
};

}  // namespace alsace::io
