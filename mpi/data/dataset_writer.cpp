#include "mpi/data/dataset_writer.hpp"

#include <algorithm>
#include <vector>

#include <boost/serialization/string.hpp>

#include "io/store/dataset_store.hpp"
#include "mpi/comm/collectives.hpp"
#include "mpi/comm/objects.hpp"
#include "mpi/comm/stored_files.hpp"

namespace alsace::mpi {

DatasetWriter::DatasetWriter(const Communicator& comm, const std::filesystem::path& path, bool overwrite)
    : comm_(comm), path_(path) {
  comm.run_together([&] {
    if (comm.is_root()) staging_ = io::stage_dataset(path, overwrite);
  });
  staging_ = broadcast_object(comm, staging_.string());
}

DatasetWriter::~DatasetWriter() {
  if (!published_ && comm_.is_root()) io::discard_dataset(path_);
}

void DatasetWriter::publish(DatasetShard& shard, const Fingerprint& fingerprint,
                            const std::map<std::string, std::string>& origin) {
  shard.first_interaction = exclusive_sum(comm_, static_cast<std::uint64_t>(shard.by_user.nonzeros()));
  io::IdWidths widths;
  widths.user = all_reduce_max(comm_, std::max<std::uint64_t>(1, shard.user_ids.longest()));
  widths.item = all_reduce_max(comm_, std::max<std::uint64_t>(1, shard.item_ids.longest()));
  io::DatasetInfo info{.users = shard.users,
                       .items = shard.items,
                       .interactions = shard.interactions,
                       .has_timestamps = any_of(comm_, !shard.timestamps.empty()),
                       .fingerprint = fingerprint,
                       .origin = origin};

  io::StoredFile file;
  comm_.run_together([&] { file = io::write_dataset_shard(staging_, comm_.rank(), shard, widths); });
  const std::vector<io::StoredFile> files = all_gather_objects(comm_, file);
  comm_.run_together([&] {
    if (comm_.is_root()) io::publish_dataset(path_, info, files);
  });
  published_ = true;
}

}  // namespace alsace::mpi
