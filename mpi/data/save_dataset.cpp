#include "mpi/data/save_dataset.hpp"

#include <algorithm>
#include <vector>

#include "io/store/dataset_store.hpp"
#include "mpi/comm/collectives.hpp"
#include "mpi/comm/objects.hpp"
#include "mpi/comm/stored_files.hpp"

namespace alsace::mpi {
namespace {

void write_and_publish(const Communicator& comm, const std::filesystem::path& path, const DatasetShard& shard,
                       const std::map<std::string, std::string>& origin, bool overwrite) {
  comm.run_together([&] {
    if (comm.is_root()) (void)io::stage_dataset(path, overwrite);
  });
  const io::IdWidths widths{
      .user = std::max<std::uint64_t>(1, all_reduce_max<std::uint64_t>(comm, shard.user_ids.longest())),
      .item = std::max<std::uint64_t>(1, all_reduce_max<std::uint64_t>(comm, shard.item_ids.longest()))};
  io::StoredFile mine;
  comm.run_together([&] { mine = io::write_dataset_shard(path.string() + ".tmp", comm.rank(), shard, widths); });
  const auto files = all_gather_objects(comm, mine);

  io::DatasetInfo info;
  info.users = shard.users;
  info.items = shard.items;
  info.interactions = shard.interactions;
  info.has_timestamps = any_of(comm, !shard.timestamps.empty());
  for (const auto& part : all_gather(comm, io::fingerprint_of(shard)))
    info.fingerprint = io::operator+(info.fingerprint, part);
  info.origin = origin;
  comm.run_together([&] {
    if (comm.is_root()) io::publish_dataset(path, info, files);
  });
}

}  // namespace

void save_dataset(const Communicator& comm, const std::filesystem::path& path, const DatasetShard& shard,
                  const std::map<std::string, std::string>& origin, bool overwrite) {
  try {
    write_and_publish(comm, path, shard, origin, overwrite);
  } catch (...) {
    if (comm.is_root()) io::discard_dataset(path);
    throw;
  }
}

}  // namespace alsace::mpi
