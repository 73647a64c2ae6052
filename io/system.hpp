#pragma once

#include <cstdint>
#include <vector>

namespace alsace::io {

/// Processors that this process may run on (its affinity mask), ascending.
std::vector<std::uint32_t> allowed_processors();

/// Peak resident memory of this process so far, in bytes.
std::uint64_t peak_memory_bytes();

/// Gives memory that was freed back to the system, which the allocator would keep for later: after something large is
/// gone for good.
void release_free_memory();

}  // namespace alsace::io
