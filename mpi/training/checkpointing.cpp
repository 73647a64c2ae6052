#include "mpi/training/checkpointing.hpp"

#include <algorithm>
#include <filesystem>

#include <boost/serialization/string.hpp>

#include "io/store/model_store.hpp"
#include "mpi/comm/collectives.hpp"
#include "mpi/comm/objects.hpp"
#include "mpi/comm/stored_files.hpp"
#include "src/error.hpp"

namespace alsace::mpi {

void commit_checkpoint(const Communicator& comm, const std::string& model, const ModelInfo& info,
                       const ModelShard& shard, int keep) {
  io::IdWidths widths;
  widths.user = all_reduce_max(comm, std::max<std::uint64_t>(1, shard.user_ids.longest()));
  widths.item = all_reduce_max(comm, std::max<std::uint64_t>(1, shard.item_ids.longest()));
  try {
    std::string staging;
    comm.run_together([&] {
      if (comm.is_root()) staging = io::stage_checkpoint(model, info.sweep);
    });
    staging = broadcast_object(comm, staging);
    io::StoredFile file;
    comm.run_together([&] { file = io::write_model_shard(staging, comm.rank(), comm.size(), info, shard, widths); });
    const auto files = all_gather_objects(comm, file);
    comm.run_together([&] {
      if (comm.is_root()) io::publish_checkpoint(model, info, files, widths, keep);
    });
  } catch (const Error&) {
    if (comm.is_root()) io::discard_checkpoint(model, info.sweep);
    throw;
  }
}

}  // namespace alsace::mpi
