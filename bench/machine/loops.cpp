#include "bench/machine/loops.hpp"

#include "bench/machine/levels.hpp"

namespace alsace::bench {
namespace {

#ifdef ALSACE_X86_KERNELS
bool has_avx2() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
bool has_avx512() {
  return __builtin_cpu_supports("avx512f");
}

const CommonLoops& widest() {
  return has_avx512() ? avx512_loops : has_avx2() ? avx2_loops : portable_loops;
}
#else
const CommonLoops& widest() {
  return portable_loops;
}
#endif

}  // namespace

std::vector<PeakLoop> peak_loops() {
  std::vector<PeakLoop> loops{
      {"fp32 multiply and add, portable", "fp32", portable_loops.fma_operations, portable_loops.fma}};
#ifdef ALSACE_X86_KERNELS
  if (has_avx2()) loops.push_back({"fp32 FMA, avx2", "fp32", avx2_loops.fma_operations, avx2_loops.fma});
  if (has_avx512()) loops.push_back({"fp32 FMA, avx512", "fp32", avx512_loops.fma_operations, avx512_loops.fma});
  if (has_avx512() && __builtin_cpu_supports("avx512bf16"))
    loops.push_back({"bf16 vdpbf16ps, avx512_bf16", "bf16", bf16_operations, bf16_loop});
  const bool tiles = __builtin_cpu_supports("amx-tile") && request_tiles();
  if (tiles && __builtin_cpu_supports("amx-bf16"))
    loops.push_back({"bf16 tdpbf16ps, amx", "bf16", amx_bf16_operations, amx_bf16_loop});
  if (has_avx512() && __builtin_cpu_supports("avx512vnni"))
    loops.push_back({"int8 vpdpbusd, avx512_vnni", "int8", vnni_operations, vnni_loop});
  if (tiles && __builtin_cpu_supports("amx-int8"))
    loops.push_back({"int8 tdpbssd, amx", "int8", amx_int8_operations, amx_int8_loop});
#endif
  return loops;
}

std::uint64_t read_once(const void* data, std::size_t bytes) {
  return widest().read_once(data, bytes);
}

std::uint64_t gather_rows(const void* rows, std::size_t row_bytes, const std::uint32_t* indices, std::size_t count) {
  return widest().gather_rows(rows, row_bytes, indices, count);
}

}  // namespace alsace::bench
