#pragma once

#include "src/kernels/scan_kernels.hpp"

namespace alsace::test {

/// The scan of the level amx with tiles in memory and TDPBSUD in plain loops, as Intel's manual defines it. Needs a
/// processor with AVX-512.
extern const ScanKernels amx_emulated_scan;

}  // namespace alsace::test
