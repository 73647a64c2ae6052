#pragma once

#include <filesystem>

#include "mpi/comm/communicator.hpp"
#include "src/data/dataset_shard.hpp"
#include "src/data/synthetic.hpp"

namespace alsace::mpi {

/// How many interactions each user gets. Collective: about 100 sums of one number.
Allocation allocate_together(const Communicator& comm, const SyntheticConfig& config);

/// This rank's share of a synthetic data set. The ids are the numbers from 1. Collective.
DatasetShard synthetic_shard(const Communicator& comm, const SyntheticConfig& config);

/// Writes `user,item,value` rows in the order of users and items, the same bytes at any rank count. Every rank
/// generates and writes blocks of about `block` interactions (whole users) in turn and keeps one at a time. Collective.
/// Throws ErrorKind::usage when `path` exists and `overwrite` is false, ErrorKind::storage when the disk says no.
void write_synthetic_csv(const Communicator& comm, const SyntheticConfig& config, const std::filesystem::path& path,
                         bool overwrite, std::uint64_t block = std::uint64_t{1} << 20U);

/// Writes `item,title,genres,year` of every item, the file that `--item-info` takes, in blocks of `block` items. As
/// write_synthetic_csv otherwise.
void write_synthetic_items(const Communicator& comm, const SyntheticConfig& config, const std::filesystem::path& path,
                           bool overwrite, std::uint64_t block = std::uint64_t{1} << 18U);

}  // namespace alsace::mpi
