#pragma once

#include <cstddef>
#include <cstdint>

namespace alsace::test {

/// form_normal_equations_amx with tiles in memory and TDPBF16PS in plain loops, as Intel's manual defines it. Needs a
/// processor with AVX-512 BF16.
void form_normal_equations_amx_emulated(const std::uint16_t* fixed, int factors, const std::uint32_t* columns,
                                        const float* weights, const float* targets, std::size_t n, std::size_t coming,
                                        float* matrix, float* rhs, float* workspace);

}  // namespace alsace::test
