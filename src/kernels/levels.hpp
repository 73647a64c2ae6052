#pragma once

#include "src/kernels/kernel_table.hpp"

namespace alsace {

/// One table a translation unit, each compiled for its instruction set. To be reached through kernel_table() alone.
extern const KernelTable portable_kernels;
#ifdef ALSACE_X86_KERNELS
extern const KernelTable avx2_kernels;
extern const KernelTable avx512_kernels;
#endif

}  // namespace alsace
