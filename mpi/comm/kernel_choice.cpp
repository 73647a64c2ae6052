#include "mpi/comm/kernel_choice.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "mpi/comm/collectives.hpp"
#include "src/error.hpp"
#include "src/kernels/kernel_table.hpp"

namespace alsace::mpi {

std::string choose_kernel_level(const Communicator& comm, const std::string& wanted) {
  const auto levels = supported_kernel_levels();  // slowest first: a processor has all up to its best
  const auto best = static_cast<std::size_t>(all_reduce_min(comm, static_cast<std::uint64_t>(levels.size()))) - 1;
  if (wanted == "auto") return std::string(levels[best]);
  comm.run_together([&] {
    if (std::find(levels.begin(), levels.end(), wanted) != levels.end()) return;
    throw usage_error(
        fmt::format("--kernels = {}, expected auto or what this processor has: {}", wanted, fmt::join(levels, ", ")));
  });
  return wanted;
}

}  // namespace alsace::mpi
