#include "io/system.hpp"

#include <fstream>
#include <new>

#include <malloc.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/statvfs.h>

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

std::uint64_t available_memory_bytes() {
  std::ifstream meminfo("/proc/meminfo");
  std::string field;
  std::uint64_t kibibytes = 0;
  while (meminfo >> field >> kibibytes) {
    if (field == "MemAvailable:") return kibibytes * 1024;
    meminfo.ignore(16, '\n');
  }
  return 0;
}

std::uint64_t free_bytes(const std::string& directory) {
  struct statvfs file_system {};
  if (statvfs(directory.c_str(), &file_system) != 0) return 0;
  return static_cast<std::uint64_t>(file_system.f_bavail) * file_system.f_frsize;
}

void advise_huge_pages(void* pages, std::size_t bytes) {
  madvise(pages, bytes, MADV_HUGEPAGE);  // fails where there are none, which is as good
}

PageMemory::PageMemory(std::size_t bytes) : bytes_(bytes) {
  if (bytes == 0) return;
  void* pages = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) throw std::bad_alloc();
  advise_huge_pages(pages, bytes);
  data_ = static_cast<std::byte*>(pages);
}

PageMemory::~PageMemory() {
  if (data_ != nullptr) munmap(data_, bytes_);
}

}  // namespace alsace::io
