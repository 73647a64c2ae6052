#define Eigen Eigen_bench_portable
#include "bench/yardstick/eigen_sweep.inc"

namespace alsace::bench {

const EigenTable portable_eigen = {
    "portable", for_each_row<float, true>, for_each_row<double, true>, for_each_row<float, false>, gramian, solve};

}  // namespace alsace::bench
