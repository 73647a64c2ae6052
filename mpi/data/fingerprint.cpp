#include "mpi/data/fingerprint.hpp"

#include "io/store/dataset_store.hpp"
#include "mpi/comm/collectives.hpp"

namespace alsace::mpi {

Fingerprint fingerprint_together(const Communicator& comm, const DatasetShard& shard) {
  Fingerprint sum;
  for (const Fingerprint& part : all_gather(comm, io::fingerprint_of(shard))) sum = io::operator+(sum, part);
  return sum;
}

}  // namespace alsace::mpi
