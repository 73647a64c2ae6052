#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace alsace::io {

/// Processors that this process may run on (its affinity mask), ascending.
std::vector<std::uint32_t> allowed_processors();

/// Peak resident memory of this process so far, in bytes.
std::uint64_t peak_memory_bytes();

/// Gives memory that was freed back to the system, which the allocator would keep for later: after something large is
/// gone for good.
void release_free_memory();

/// Memory that processes of this machine could still take without swapping, in bytes.
std::uint64_t available_memory_bytes();

/// Bytes that can still be written below `directory`; 0 where there is no such directory.
std::uint64_t free_bytes(const std::string& directory);

/// Asks for huge pages in memory that starts at a page and has not been touched: reads at random places then miss the
/// TLB less. A wish: where the kernel has none (for shared memory that is its default), small pages do.
void advise_huge_pages(void* pages, std::size_t bytes);

/// Pages of this process alone: zero, aligned to a page, not resident before they are first touched, and huge where
/// the kernel has them.
class PageMemory {
 public:
  /// Throws std::bad_alloc.
  explicit PageMemory(std::size_t bytes);
  ~PageMemory();
  PageMemory(PageMemory&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  PageMemory(const PageMemory&) = delete;
  PageMemory& operator=(const PageMemory&) = delete;
  PageMemory& operator=(PageMemory&&) = delete;
  [[nodiscard]] std::byte* data() const { return data_; }

 private:
  std::byte* data_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace alsace::io
