#include "mpi/data/load_dataset.hpp"

#include <memory>

#include "io/store/dataset_store.hpp"
#include "src/error.hpp"

namespace alsace::mpi {

LoadedDataset load_dataset(const Communicator& comm, const std::string& path, const RowCost& cost) {
  std::unique_ptr<io::DatasetReader> reader;
  comm.run_together([&] {
    reader = std::make_unique<io::DatasetReader>(path);
    reader->verify_files(comm.rank(), comm.size());
  });
  const io::DatasetInfo& info = reader->info();
  const ShardMap even = ShardMap::even(info.users, comm.size());
  std::vector<std::uint64_t> lengths;
  comm.run_together([&] { lengths = reader->read_lengths(even.range(comm.rank())); });

  ShardMap users = cut_by_cost(comm, even, lengths, cost);
  ShardMap items = ShardMap::even(info.items, comm.size());
  DatasetShard shard;
  comm.run_together([&] { shard = reader->read(users.range(comm.rank()), items.range(comm.rank())); });
  return {std::move(shard), std::move(users), std::move(items), info.fingerprint, ImportReport{}};
}

}  // namespace alsace::mpi
