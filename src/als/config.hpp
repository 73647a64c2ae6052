#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace alsace {

enum class Objective { ials, hkv, explicit_ };
/// What the explicit objective subtracts before factors are trained: μ + b_u + b_i, μ, or nothing.
enum class Biases { full, mean, none };
/// What a row's value means to an implicit objective: present (1), or the strength itself.
enum class ValueMeaning { binary, raw };
/// What a negative value means to an implicit objective with raw values: a bad row, nothing (dropped and counted), or
/// an observed dislike, whose strength weighs as much but whose target is 0.
enum class Negatives { error, drop, dislike };
/// How a row's system is solved: by Cholesky of the K × K system, by the n × n dual of a short row, by preconditioned
/// conjugate gradients, or a block of columns after the other (iALS++). auto: row by row, whichever costs least.
enum class Solver { auto_, cholesky, dual, cg, subspace };
/// Of the factors. bf16: solved rows are rounded to bf16 once, and every rank reads the rounded ones; sums and solves
/// stay in fp32.
enum class Precision { auto_, fp32, bf16 };

/// Everything that decides the numbers of a training run. How it runs (ranks, threads, exchange, checkpoints) is not
/// here: two runs with equal TrainConfig and equal data give equal bits.
///
/// Formulas, with n the row's interactions, M the other side's size and w = regularization · (n + a0·M)^exponent:
///   hkv       (YᵀY + Σ α r y yᵀ + w I) x = Σ (1 + α r) y        Hu, Koren & Volinsky 2008, eq. 4
///   ials      (α0 YᵀY + Σ r y yᵀ + w I) x = Σ r y               Rendle, Krichene, Zhang & Koren 2022
///   explicit  (Σ y yᵀ + w I) x = Σ (r − μ − b_u − b_i) y         Zhou, Wilkinson, Schreiber & Pan 2008 (ALS-WR:
///   exponent 1)
struct TrainConfig {
  Objective objective = Objective::ials;
  int factors = 64;                      ///< K
  int sweeps = 15;                       ///< may grow between runs of one model
  double alpha = 10.0;                   ///< hkv: weight of an observed unit
  double unobserved_weight = 0.1;        ///< ials: α0
  double regularization = 0.003;         ///< λ
  double regularization_exponent = 1.0;  ///< ν
  double regularization_unobserved = 0;  ///< a0; for ials it is α0 whatever is set here
  Biases biases = Biases::full;          ///< explicit
  double bias_regularization = 2.0;      ///< explicit, full: added to a row's count
  ValueMeaning value = ValueMeaning::binary;
  Negatives negatives = Negatives::error;
  Solver solver = Solver::auto_;
  Precision precision = Precision::auto_;
  std::uint64_t seed = 1;
  double init_std = 0.1;   ///< of initial item factors, before the division by √K
  std::string init_items;  ///< "" for random, else the XXH3-128 (hex) of the file that --init-items named
  int patience = 0;        ///< sweeps without a better validation metric before stopping; 0: never

  /// Defaults that depend on the objective: λ and exponent are set for it, the rest is as above. ials 0.003 and 1, hkv
  /// 5 and 0, explicit 0.35 and 1 (ALS-WR; for ratings from 1 to 10: the best λ grows with the scale of the ratings).
  static TrainConfig defaults(Objective objective);

  /// Throws ErrorKind::usage with every field that is out of range, one a line: `--factors = 0, expected 1 to 4096`.
  void validate() const;

  friend bool operator==(const TrainConfig&, const TrainConfig&) = default;
};

const char* name_of(Objective objective);
const char* name_of(Biases biases);
const char* name_of(ValueMeaning value);
const char* name_of(Negatives negatives);
const char* name_of(Solver solver);
const char* name_of(Precision precision);

}  // namespace alsace
