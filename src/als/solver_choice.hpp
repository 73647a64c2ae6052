#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "src/als/config.hpp"

/// Which method solves a row: by a cost model whose constants stand in the source, so that the choice, and with it the
/// bits, depend on the row's length, K, the kernel level and the precision alone.
namespace alsace {

enum class RowMethod : std::uint8_t { cholesky, dual, cg, subspace };
inline constexpr std::size_t row_methods = 4;
const char* name_of(RowMethod method);

/// How many rows each method solved.
struct RowCounts {
  std::array<std::uint64_t, row_methods> of{};

  [[nodiscard]] std::uint64_t& operator[](RowMethod method) { return of[static_cast<std::size_t>(method)]; }
  [[nodiscard]] std::uint64_t operator[](RowMethod method) const { return of[static_cast<std::size_t>(method)]; }
  RowCounts& operator+=(const RowCounts& other);
};

/// What `auto` means at a kernel level: bf16 where the level has instructions for it (avx512_bf16, amx), fp32 below.
Precision resolve_precision(Precision wanted, std::string_view kernel_level);

}  // namespace alsace
