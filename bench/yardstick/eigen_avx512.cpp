#define Eigen Eigen_bench_avx512
#include "bench/yardstick/eigen_sweep.inc"

namespace alsace::bench {

const EigenTable avx512_eigen = {
    "avx512", for_each_row<float, true>, for_each_row<double, true>, for_each_row<float, false>, gramian, solve};

}  // namespace alsace::bench
