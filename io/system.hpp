#pragma once

#include <cstdint>
#include <vector>

namespace alsace::io {

/// Processors that this process may run on (its affinity mask), ascending.
std::vector<std::uint32_t> allowed_processors();

/// Peak resident memory of this process so far, in bytes.
std::uint64_t peak_memory_bytes();

}  // namespace alsace::io
