#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "mpi/comm/communicator.hpp"
#include "src/data/dataset_shard.hpp"
#include "src/model/model.hpp"

namespace alsace::mpi {

/// Writes a data set, a shard a rank. Made before the work that fills it, so that a place which is taken is refused
/// first; what was staged is removed again unless publish() succeeds.
class DatasetWriter {
 public:
  /// Collective. Throws ErrorKind::usage when `path` exists and `overwrite` is false, else ErrorKind::storage.
  DatasetWriter(const Communicator& comm, const std::filesystem::path& path, bool overwrite);
  ~DatasetWriter();
  DatasetWriter(const DatasetWriter&) = delete;
  DatasetWriter& operator=(const DatasetWriter&) = delete;

  /// Every rank writes its shard, then rank 0 the manifest: afterwards the data set is there. Sets the shard's
  /// first_interaction. `origin`: what the data set says of where it comes from. Collective. Throws ErrorKind::storage,
  /// the same on all ranks.
  void publish(DatasetShard& shard, const Fingerprint& fingerprint, const std::map<std::string, std::string>& origin);

 private:
  const Communicator& comm_;
  std::filesystem::path path_;
  std::filesystem::path staging_;
  bool published_ = false;
};

}  // namespace alsace::mpi
