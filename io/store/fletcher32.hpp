#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace alsace::io {

/// Fletcher's checksum as HDF5's filter of that name has it: over big-endian 16-bit words, each of the two sums modulo
/// 65535 with 65535 standing for 0 unless all words are 0. `bytes`: an even number. Sums of many words side by side, so
/// that no word waits for the one before, as in HDF5's own loop (J. G. Fletcher, An Arithmetic Checksum for Serial
/// Transmissions, 1982).
std::uint32_t fletcher32(std::span<const char> bytes);

}  // namespace alsace::io
