#include "io/system.hpp"

#include <malloc.h>
#include <sched.h>
#include <sys/resource.h>

namespace alsace::io {

std::vector<std::uint32_t> allowed_processors() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  std::vector<std::uint32_t> processors;
  if (sched_getaffinity(0, sizeof mask, &mask) == 0) {
    for (std::uint32_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (CPU_ISSET(cpu, &mask)) processors.push_back(cpu);
    }
  }
  if (processors.empty()) processors.push_back(0);
  return processors;
}

std::uint64_t peak_memory_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

void release_free_memory() {
  malloc_trim(0);
}

}  // namespace alsace::io
