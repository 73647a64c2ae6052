#pragma once

#include "bench/yardstick/eigen_sweep.hpp"
#include "bench/yardstick/packed_cg.hpp"

/// One object file an instruction set; to be reached through packed_cg.hpp and eigen_sweep.hpp alone.
namespace alsace::bench {

extern const EigenTable portable_eigen;
#ifdef ALSACE_X86_KERNELS
PackedCg packed_cg_avx2(int factors);
PackedCg packed_cg_avx512(int factors);
extern const EigenTable avx2_eigen;
extern const EigenTable avx512_eigen;
#endif

}  // namespace alsace::bench
