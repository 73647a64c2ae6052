#pragma once

#include "src/kernels/kernel_table.hpp"

namespace alsace {

/// One table a translation unit, each compiled for its instruction set. To be reached through kernel_table() alone.
extern const KernelTable portable_kernels;
#ifdef ALSACE_X86_KERNELS
extern const KernelTable avx2_kernels;
extern const KernelTable avx512_kernels;

/// What a level with bf16 instructions does otherwise than avx512. See KernelTable::form_normal_equations_bf16.
void form_normal_equations_avx512_bf16(const std::uint16_t* fixed, int factors, const std::uint32_t* columns,
                                       const float* weights, const float* targets, std::size_t n, std::size_t coming,
                                       float* matrix, float* rhs, float* workspace);
void form_normal_equations_amx(const std::uint16_t* fixed, int factors, const std::uint32_t* columns,
                               const float* weights, const float* targets, std::size_t n, std::size_t coming,
                               float* matrix, float* rhs, float* workspace);
#endif

}  // namespace alsace
