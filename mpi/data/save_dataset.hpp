#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "mpi/comm/communicator.hpp"
#include "src/data/dataset_shard.hpp"

namespace alsace::mpi {

/// Writes a data set of which every rank holds a share, a file a rank, and publishes it. `origin` tells in the manifest
/// where the data come from. Collective: a few numbers and the file list move. Throws ErrorKind::usage when `path`
/// exists and `overwrite` is false, ErrorKind::storage when a file could not be written; nothing is left behind then.
void save_dataset(const Communicator& comm, const std::filesystem::path& path, const DatasetShard& shard,
                  const std::map<std::string, std::string>& origin, bool overwrite);

}  // namespace alsace::mpi
