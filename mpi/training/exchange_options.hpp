#pragma once

#include <cstdint>
#include <optional>

namespace alsace::mpi {

/// Where the factors of the fixed side are. replicate: all of them once a host, in memory that its ranks share. needed:
/// each rank holds the rows that its shard touches. auto: whichever moves less and fits.
enum class Exchange { auto_, replicate, needed };

const char* name_of(Exchange exchange);

/// How the ranks exchange factors. Nothing in here changes the numbers of the model.
struct ExchangeOptions {
  Exchange kind = Exchange::auto_;
  bool overlap = true;     ///< rows leave while others are solved; false: all at the end, to measure what that costs
  int ranks_per_host = 0;  ///< 0: ask MPI; else so many consecutive ranks count as a host (for tests, on one machine)
  /// Room for shared memory on each host, in bytes; nothing: what /dev/shm has.
  std::optional<std::uint64_t> shared_bytes_free = {};
};

}  // namespace alsace::mpi
