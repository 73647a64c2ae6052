#include "mpi/comm/threads.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include <spdlog/spdlog.h>

#include "io/system.hpp"
#include "mpi/comm/collectives.hpp"

namespace alsace::mpi {

int choose_threads(const Communicator& comm, int wanted) {
  const Communicator host = comm.split_by_host();
  const auto mine = io::allowed_processors();
  std::map<std::uint32_t, int> sharers;
  for (const std::uint32_t processor : all_gather_vector<std::uint32_t>(host, mine)) ++sharers[processor];
  double share = 0;
  for (const std::uint32_t processor : mine) share += 1.0 / sharers[processor];

  const int fair = std::max(1, static_cast<int>(std::floor(share + 1e-9)));
  if (wanted > static_cast<int>(mine.size())) {
    spdlog::warn(
        "--threads {} on a rank that may run on {} processors; `mpirun --bind-to none` or "
        "`mpirun --map-by slot:PE={}` gives each rank more",
        wanted, mine.size(), wanted);
  }
  return wanted > 0 ? wanted : fair;
}

}  // namespace alsace::mpi
