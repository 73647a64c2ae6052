// Scans by vectors of sixteen int32 that take in four products of bytes each (VNNI). Compiled for them alone: no header
// but the intrinsics, which are inlined always.
#include <cstddef>
#include <cstdint>

#include <immintrin.h>

#include "src/kernels/scan_levels.hpp"

namespace alsace {
namespace {

#include "src/kernels/scan_avx512.inc"
// what uses it:
#include "src/kernels/scan_loops.inc"

}  // namespace

const ScanKernels avx512_vnni_scan{"avx512_vnni", most_queries, pack_queries, scan};

}  // namespace alsace
