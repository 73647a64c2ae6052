#define Eigen Eigen_bench_avx2
#include "bench/yardstick/eigen_sweep.inc"

namespace alsace::bench {

const EigenTable avx2_eigen = {
    "avx2", for_each_row<float, true>, for_each_row<double, true>, for_each_row<float, false>, gramian, solve};

}  // namespace alsace::bench
