#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

/// Rows of factors as int8 codes, with what an integer inner product of two rows proves about their exact score.
///
/// Legend: a query x and an item y of K factors. X and Y are the same in the coordinates of the codes: x and y
/// themselves, or what PrincipalBasis makes of them. p and c are the codes, integers within ±127; t and s > 0 their
/// scales; D = Σ p_k c_k. ip is the fp32 inner product of x and y that KernelTable::inner_products defines; u = 2^-24.
/// g is a real number with: the score of the pair reaches the query's threshold only if ip + b ≥ g, b the item's bias
/// (or 0).
///
/// **Claim.** If ip + b ≥ g, then D + b / (t s) ≥ T for the T of ScanKernels::scan, so no scan rejects the pair.
///
/// 1. *Quantization.* X = t p + r and Y = s c + e, exactly, by definition of r and e. So
///    X·Y = X·e + X·(s c) = X·e + r·(s c) + t s D ≤ t s D + ‖X‖ ‖e‖ + ‖r‖ s ‖c‖   (Cauchy–Schwarz, twice).
/// 2. *Summation.* ip adds at most m = ⌈K/16⌉ products in a lane and then four times two lanes: a product passes one
///    rounding of its own, at most m − 1 of the lane's sums (the first adds to zero) and four more, n = m + 4 in all,
///    each a factor in [1 − u, 1 + u]; a product below 2^-126 is off by at most 2^-150 instead, and sums are exact
///    there. So |ip − x·y| ≤ γ Σ|x_k y_k| + K 2^-149 ≤ γ ‖x‖ ‖y‖ + K 2^-149, γ = n u / (1 − n u) (Higham, Accuracy and
///    Stability of Numerical Algorithms, 2nd ed., section 3.1).
/// 3. By step 7, x·y ≤ X·Y + ε ‖x‖ ‖y‖ with an ε of the basis, 0 where there is none. With M ≥ ‖x‖, ‖X‖ and N ≥ ‖y‖,
///    E = max(‖e‖ + (γ + ε) N) and L = max ‖c‖ over the items of a group, which share s, and g' = g − K 2^-149:
///    ip + b ≥ g implies  t s D ≥ g' − b − M E − ‖r‖ s L.  Divided by t s, with a unit S of all items:
///      D + h w ≥ A a − B b' − C c',   A = g'/(t S), a = S/s,  B = M/t, b' = E/s,  C = ‖r‖/t, c' = L,
///      and with a unit β of the biases  h = (b/β)(S/s), w = β/(t S).
/// 4. *Doubles.* The norms above are computed in double and enlarged by 2^-40, more than K ≤ 4096 roundings of 2^-53
///    take, and ‖e‖, ‖r‖ by 2^-50 of the row's norm as well: s c_k and its difference to Y_k are off by 2^-52 |Y_k| at
///    most. Where g is a difference, each operation is followed by a step to the next smaller double.
/// 5. *Floats.* A, B, C, G, w, a, b', c', d, h are rounded to fp32, u each; the products and the sums of T follow, so
///    that T would be within 8 u of the sum of magnitudes |A a| + B b' + C c' + G d + w a, with |h| ≤ a. 16 u of that
///    sum, 2^-20, is taken off. What underflows changes T by less than 1, and fl(D + h w) is off by u |h w|, in the sum
///    above, and by u |D| ≤ K/1000; the margin of 2 + K/512 is taken off too (of K the coordinates that D is over).
/// 6. *Ranges.* Items whose entries are below 2^-40 S get the scale 2^-40 S, and with biases t is at least 2^-40 β/S,
///    so that a, w ≤ 2^40 and nothing overflows: steps 1 to 3 hold for any scale. A is bounded to ± 2^60: downwards T
///    only falls; upwards, from A < −2^60, T stays below what any D + h w can be, since |h w| ≤ 2^40 a and |D| < 2^27.
/// 7. *Coordinates.* PrincipalBasis holds a matrix R of floats that is nearly orthogonal: RᵀR = I + Δ, δ = ‖Δ‖_F. Of x
///    it makes X = R x + f, each entry an fp32 inner product, so that ‖f‖ ≤ φ ‖x‖ with φ = γ ‖R‖_F by step 2; likewise
///    Y. Since (R x)·(R y) = x·y + xᵀΔy and ‖R x‖ ≤ √(1 + δ) ‖x‖,
///      |X·Y − x·y| ≤ ε ‖x‖ ‖y‖,  ε = δ + 2 φ (1 + δ) + φ²,
///    and ‖X‖ ≥ (√(1 − δ) − φ) ‖x‖ ≥ (1 − ε) ‖x‖, so that M = ‖X‖ / (1 − ε) bounds both norms. δ and ‖R‖_F are computed
///    in double: of K ≤ 512 factors, each entry of Δ is off by 2^-43 at most, and δ by 2^-34. Rows are brought to a
///    largest entry in [1, 2) by a power of two, and back in double: nothing overflows, and what underflows moves X by
///    less than K² 2^-149. 2^-30, which is added to ε, is more than both.
/// 8. *Principal parts.* A scan of the first coordinates sums a part D₁ of D; of the rest, p₂ and c₂, the codes of the
///    tails, D − D₁ = p₂·c₂ ≤ ‖p₂‖ ‖c₂‖ ≤ G d with G = ‖p₂‖ and d = max ‖c₂‖ over the group. So
///    D₁ + h w ≥ A a − B b' − C c' − G d; a scan of all coordinates takes G = 0.
namespace alsace {

class PrincipalBasis;

/// What a row and its codes are; see the legend. Norms as upper bounds.
struct QuantizedRow {
  double norm = 0;       ///< ‖y‖
  double rest = 0;       ///< ‖y − s c‖
  double code_norm = 0;  ///< ‖c‖
  std::int32_t code_sum = 0;
};

/// The largest magnitude of a row.
float largest_magnitude(std::span<const float> row);
double largest_magnitude(std::span<const double> row);

/// The largest power of two that is at most `value`; 1 for 0.
double unit_of(double value);

/// codes (row.size() of them) = the row divided by `scale` > 0, rounded, within ±127.
QuantizedRow quantize(std::span<const float> row, double scale, std::int8_t* codes);
QuantizedRow quantize(std::span<const double> row, double scale, std::int8_t* codes);

/// The length of a row, in double: times `enlarged`, an upper bound.
double length_of(std::span<const float> row);

/// Upper bound of the length of a row of codes.
double length_of_codes(std::span<const std::int8_t> codes);

/// What a norm is multiplied with for each few roundings in double.
inline constexpr double enlarged = 1 + 0x1p-40;

/// γ of step 2.
double summation_error(int factors);

/// Upper bound of any ip, and of ‖x‖ ‖y‖ + what rounding adds, for norms that are upper bounds themselves.
double most_inner_product(double query_norm, double item_norm, int factors);

/// The units of an index.
struct ItemUnits {
  double factors = 1;  ///< S: a power of two
  double biases = 0;   ///< β: a power of two that no bias exceeds, or 0 where all are
};

/// A query as a scan takes it.
struct QuantizedQuery {
  double norm = 0;      ///< ‖x‖
  double level = 0;     ///< A is g' times this
  float norm_part = 0;  ///< B
  float rest_part = 0;  ///< C
  float bias_weight = 0;
  float tail_part = 0;               ///< G
  std::int32_t shift = 0;            ///< 128 · the sum of the codes
  std::int32_t principal_shift = 0;  ///< 128 · the sum of the principal codes
};

/// Of a row as `basis` turns it. Without biases, `units.biases` is 0.
QuantizedQuery quantize_query(std::span<const double> row, const PrincipalBasis& basis, const ItemUnits& units,
                              std::int8_t* codes);

/// g' of a threshold: a score (without biases, an inner product) reaches `threshold` only if ip + b ≥ g, see step 3.
double least_inner_product(float threshold, int factors);
/// The same for score_of(ip, b, offset), which rounds in double twice and to fp32 once. Rounding is monotone: a score
/// that is not below `threshold` comes from a sum above the next smaller float, f, so that the rounded ip + b is above
/// f − offset, and ip + b itself not below any double that is not above f − offset: the one below the difference.
double least_biased_inner_product(float threshold, double offset, int factors);

/// A of step 3, bounded as in step 6.
float scan_level(double least, const QuantizedQuery& query);

}  // namespace alsace
