#include "src/kernels/kernel_table.hpp"

#include <string>

#include <fmt/format.h>

#include "src/error.hpp"
#include "src/kernels/chunk.hpp"
#include "src/kernels/levels.hpp"

namespace alsace {
namespace {

std::vector<const KernelTable*> supported_tables() {
  std::vector<const KernelTable*> tables{&portable_kernels};
#ifdef ALSACE_X86_KERNELS
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) tables.push_back(&avx2_kernels);
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("fma"))
    tables.push_back(&avx512_kernels);
#endif
  return tables;
}

}  // namespace

std::size_t normal_equations_workspace(int factors) {
  return 2 * chunk_rows * padded_factors(factors);
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
