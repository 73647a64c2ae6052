#pragma once

#include "src/kernels/scan_kernels.hpp"

namespace alsace {

/// One table a translation unit, each compiled for its instruction set. To be reached through scan_kernels() alone.
extern const ScanKernels portable_scan;
#ifdef ALSACE_X86_KERNELS
extern const ScanKernels avx2_scan;
extern const ScanKernels avx512_vnni_scan;
extern const ScanKernels amx_int8_scan;
#endif

}  // namespace alsace
