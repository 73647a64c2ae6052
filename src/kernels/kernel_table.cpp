#include "src/kernels/kernel_table.hpp"

#include <string>

#include <fmt/format.h>

#include "src/error.hpp"
#include "src/kernels/amx_permission.hpp"
#include "src/kernels/chunk.hpp"
#include "src/kernels/levels.hpp"

namespace alsace {
namespace {

#ifdef ALSACE_X86_KERNELS
/// avx512 with another way to form normal equations from bf16.
KernelTable with_bf16(std::string_view level, decltype(KernelTable::form_normal_equations_bf16) form) {
  KernelTable table = avx512_kernels;
  table.level = level;
  table.form_normal_equations_bf16 = form;
  return table;
}
#endif

std::vector<const KernelTable*> supported_tables() {
  std::vector<const KernelTable*> tables{&portable_kernels};
#ifdef ALSACE_X86_KERNELS
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) tables.push_back(&avx2_kernels);
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512vl") ||
      !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512bw") || !__builtin_cpu_supports("fma"))
    return tables;
  tables.push_back(&avx512_kernels);
  if (!__builtin_cpu_supports("avx512bf16")) return tables;
  static const KernelTable avx512_bf16 = with_bf16("avx512_bf16", form_normal_equations_avx512_bf16);
  tables.push_back(&avx512_bf16);
  static const bool amx_permitted = amx_is_permitted();
  static const KernelTable amx = with_bf16("amx", form_normal_equations_amx);
  if (amx_permitted) tables.push_back(&amx);
#endif
  return tables;
}

}  // namespace

std::size_t normal_equations_workspace(int factors) {
  return 2 * (chunk_rows + 1) * bf16_stride(factors);
}

const KernelTable& kernel_table(std::string_view level) {
  for (const KernelTable* table : supported_tables())
    if (table->level == level) return *table;
  std::string names;
  for (const std::string_view name : supported_kernel_levels()) names.append(names.empty() ? "" : ", ").append(name);
  throw usage_error(fmt::format("kernel level = {}, expected one of: {}", level, names));
}

std::vector<std::string_view> supported_kernel_levels() {
  std::vector<std::string_view> levels;
  for (const KernelTable* table : supported_tables()) levels.push_back(table->level);
  return levels;
}

}  // namespace alsace
