#include "bench/yardstick/levels.hpp"

namespace alsace::bench {
namespace {

enum class Level { portable, avx2, avx512 };

Level best_level() {
#ifdef ALSACE_X86_KERNELS
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")) return Level::avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return Level::avx2;
#endif
  return Level::portable;
}

}  // namespace

PackedCg packed_cg([[maybe_unused]] int factors) {
#ifdef ALSACE_X86_KERNELS
  if (best_level() == Level::avx512) return packed_cg_avx512(factors);
  if (best_level() == Level::avx2) return packed_cg_avx2(factors);
#endif
  return nullptr;
}

const char* packed_cg_level() {
  switch (best_level()) {
    case Level::avx512:
      return "avx512";
    case Level::avx2:
      return "avx2";
    default:
      return "";
  }
}

const EigenTable& eigen_table() {
#ifdef ALSACE_X86_KERNELS
  if (best_level() == Level::avx512) return avx512_eigen;
  if (best_level() == Level::avx2) return avx2_eigen;
#endif
  return portable_eigen;
}

}  // namespace alsace::bench
