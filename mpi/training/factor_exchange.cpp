#include "mpi/training/factor_exchange.hpp"

#include "mpi/comm/collectives.hpp"

namespace alsace::mpi {

ReplicatedFactors::ReplicatedFactors(const Communicator& comm, ShardMap map, int factors)
    : comm_(comm), map_(std::move(map)), all_(FactorMatrix::Zero(static_cast<Eigen::Index>(map_.rows()), factors)) {}

std::uint64_t ReplicatedFactors::complete() {
  const std::size_t row_bytes = sizeof(float) * static_cast<std::size_t>(all_.cols());
  all_gather_rows(comm_, all_.data(), row_bytes, map_.bounds());
  return (map_.rows() - own_range().size()) * row_bytes;
}

}  // namespace alsace::mpi
