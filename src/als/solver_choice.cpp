#include "src/als/solver_choice.hpp"

namespace alsace {

const char* name_of(RowMethod method) {
  switch (method) {
    case RowMethod::cholesky:
      return "cholesky";
    case RowMethod::dual:
      return "dual";
    case RowMethod::cg:
      return "cg";
    case RowMethod::subspace:
      return "subspace";
  }
  return "?";
}

RowCounts& RowCounts::operator+=(const RowCounts& other) {
  for (std::size_t method = 0; method < row_methods; ++method) of[method] += other.of[method];
  return *this;
}

Precision resolve_precision(Precision wanted, std::string_view kernel_level) {
  if (wanted != Precision::auto_) return wanted;
  return kernel_level == "avx512_bf16" || kernel_level == "amx" ? Precision::bf16 : Precision::fp32;
}

}  // namespace alsace
