#include "src/kernels/scan_kernels.hpp"

#include "src/kernels/kernel_table.hpp"
#include "src/kernels/scan_levels.hpp"
#ifdef ALSACE_X86_KERNELS
#include <cpuid.h>
#endif

namespace alsace {
namespace {

#ifdef ALSACE_X86_KERNELS
/// Beside bf16, which the level amx asks for.
bool has_amx_int8() {
  unsigned int eax = 0;
  unsigned int ebx = 0;
  unsigned int ecx = 0;
  unsigned int edx = 0;
  constexpr unsigned int amx_int8 = 1U << 25;
  return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0 && (edx & amx_int8) != 0;
}
#endif

}  // namespace

const ScanKernels& scan_kernels(std::string_view level, [[maybe_unused]] std::size_t queries) {
  (void)kernel_table(level);  // says which levels there are
#ifdef ALSACE_X86_KERNELS
  if (level == "portable") return portable_scan;
  static const bool vnni = __builtin_cpu_supports("avx512vnni") != 0;
  static const bool int8_tiles = has_amx_int8();
  if (level == "avx2" || !vnni) return avx2_scan;
  if (level == "amx" && int8_tiles && queries > avx512_vnni_scan.queries) return amx_int8_scan;
  return avx512_vnni_scan;
#else
  return portable_scan;
#endif
}

}  // namespace alsace
