#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "src/als/config.hpp"

/// Which method solves a row: by a cost model whose constants stand in the source, so that the choice, and with it the
/// bits, depend on the row's length, K, the kernel level, the precision and the objective alone.
namespace alsace {

/// Of the constants. A model remembers which ones trained it: others may give other bits.
inline constexpr int solver_costs_version = 1;

enum class RowMethod : std::uint8_t { cholesky, dual, cg, subspace };
inline constexpr std::size_t row_methods = 4;
const char* name_of(RowMethod method);

/// How many rows each method solved. A row that dual or cg had to give up counts where it went: cholesky.
struct RowCounts {
  std::array<std::uint64_t, row_methods> of{};

  [[nodiscard]] std::uint64_t& operator[](RowMethod method) { return of[static_cast<std::size_t>(method)]; }
  [[nodiscard]] std::uint64_t operator[](RowMethod method) const { return of[static_cast<std::size_t>(method)]; }
  RowCounts& operator+=(const RowCounts& other);
  friend bool operator==(const RowCounts&, const RowCounts&) = default;
};

/// "cholesky 120, dual 4000": the methods that solved any.
std::string to_text(const RowCounts& counts);

/// What a precision is in a new model. auto: fp32, since bf16 moves the loss by more than 1e-5 of it (implicit
/// objectives by up to 1.4e-5, explicit by up to 1e-4: golden_test.cpp).
Precision resolve_precision(Precision wanted);

/// Nanoseconds on the machine that they were measured on; only their ratios matter. n interactions, K factors.
struct SolverCosts {
  std::string_view level;
  Precision precision;
  double form;          ///< an interaction · K² of forming
  double start;         ///< a row · K²: starting from the shared part and adding to it
  double factor;        ///< a row · K³ (dual: n³) of Cholesky
  double pivot;         ///< a row · K (dual: n) of Cholesky: what waits for the pivot before
  double whiten;        ///< an interaction · K: gathering a row of the rotated side and scaling it
  double pair;          ///< a row · n² · K: inner products of the dual
  double rotate;        ///< a row · K²: turning a solution back
  double cg_pass;       ///< an interaction · K · iteration
  double cg_iteration;  ///< an iteration
  double row;           ///< a row, however short
};

/// The constants of a level; those of avx512 or portable where a level has none of its own.
const SolverCosts& solver_costs(std::string_view kernel_level, Precision precision);

/// Estimated nanoseconds of one row by a method.
double row_cost(const SolverCosts& costs, RowMethod method, std::size_t interactions, int factors, Objective objective);

/// Chooses a method for rows of one half-sweep; the bounds are computed once.
class MethodChoice {
 public:
  /// Reads solver, precision, factors and objective of `config`.
  MethodChoice(const TrainConfig& config, std::string_view kernel_level);

  [[nodiscard]] RowMethod operator()(std::size_t interactions) const {
    if (interactions <= longest_dual_) return RowMethod::dual;
    if (interactions <= longest_cg_) return RowMethod::cg;
    return otherwise_;
  }

 private:
  void choose_by_cost(const TrainConfig& config, std::string_view kernel_level);

  std::size_t longest_dual_ = 0;
  std::size_t longest_cg_ = 0;
  RowMethod otherwise_ = RowMethod::cholesky;
};

/// Whether rows may be solved in the basis of the fixed side's Gramian (HalfSweep::basis), at whatever level.
bool reads_basis(const TrainConfig& config);

/// Whether a row may start from its last value, so that whoever resumes or restores must bring both sides back.
bool may_start_warm(const TrainConfig& config);

}  // namespace alsace
