#include "src/ranking/quantization.hpp"

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "src/aligned_array.hpp"
#include "src/kernels/kernel_table.hpp"
#include "src/kernels/scan_kernels.hpp"
#include "src/ranking/item_index.hpp"
#include "src/ranking/scorer.hpp"
#include "tests/support/ranking_data.hpp"

namespace alsace {
namespace {

using Vector = std::vector<float>;

float inner_product(const Vector& x, const Vector& y) {
  float product = 0;
  kernel_table("portable").inner_products(x.data(), 1, y.data(), 1, static_cast<int>(x.size()), &product);
  return product;
}

/// Step 3 of the proof, term by term, in units of the score: t s D and what is added to it.
struct Bound {
  long double dot;
  long double item_rest;
  long double query_rest;
  long double summation;
  long double underflow;

  Bound(const Vector& x, const Vector& y, double x_scale, double y_scale) {
    std::vector<std::int8_t> p(x.size());
    std::vector<std::int8_t> c(y.size());
    const QuantizedRow query = quantize(x, x_scale, p.data());
    const QuantizedRow item = quantize(y, y_scale, c.data());
    std::int64_t integer = 0;
    for (std::size_t k = 0; k < x.size(); ++k) integer += p[k] * c[k];
    const auto factors = static_cast<int>(x.size());
    dot = static_cast<long double>(x_scale) * y_scale * static_cast<long double>(integer);
    item_rest = static_cast<long double>(query.norm) * item.rest;
    query_rest = static_cast<long double>(query.rest) * y_scale * item.code_norm;
    summation = static_cast<long double>(query.norm) * item.norm * summation_error(factors);
    underflow = factors * 0x1p-149L;
  }
  [[nodiscard]] long double all() const { return dot + item_rest + query_rest + summation + underflow; }
};

double fitting_scale(const Vector& row) {
  return static_cast<double>(largest_magnitude(row)) / 127;
}

Vector random_row(std::mt19937& engine, std::size_t factors, float size) {
  std::normal_distribution<float> normal(0, size);
  Vector row(factors);
  for (float& value : row) value = normal(engine);
  return row;
}

/// Entries (c + fraction) · scale with codes c within ±126 and one of 127 that fixes the scale.
Vector row_between_codes(std::mt19937& engine, std::size_t factors, double scale, double fraction) {
  Vector row(factors);
  for (float& value : row) value = static_cast<float>((static_cast<double>(engine() % 253) - 126 + fraction) * scale);
  row[0] = static_cast<float>(127 * scale);
  return row;
}

/// Pairs that need each of the terms.
std::vector<std::pair<Vector, Vector>> pairs() {
  std::mt19937 engine(1);
  std::vector<std::pair<Vector, Vector>> all;
  for (const std::size_t factors : {1UL, 7UL, 16UL, 31UL, 64UL, 128UL, 256UL, 4096UL}) {
    for (int i = 0; i < 40; ++i) {
      all.emplace_back(random_row(engine, factors, 1), random_row(engine, factors, 1));
      all.emplace_back(random_row(engine, factors, 1e-23F), random_row(engine, factors, 1e-22F));
      all.emplace_back(random_row(engine, factors, 1e17F), random_row(engine, factors, 1e19F));
      all.emplace_back(random_row(engine, factors, 1e-40F), random_row(engine, factors, 1e-3F));
      // All products positive, codes exact: what is left is how fp32 sums round.
      const Vector whole = row_between_codes(engine, factors, 0.25, 0);
      Vector same = whole;
      for (float& value : same) value *= 2;
      all.emplace_back(whole, same);
    }
    // The rest of one side points where the other one does, which has none.
    for (const double fraction : {0.25, 0.49}) {
      all.emplace_back(Vector(factors, 127), row_between_codes(engine, factors, 1, fraction));
      all.emplace_back(row_between_codes(engine, factors, 1, fraction), Vector(factors, 127));
    }
    // Every product is 1.5 times 2^-150 and becomes 2^-149.
    all.emplace_back(Vector(factors, 0x1.8p-75F), Vector(factors, 0x1p-75F));
    all.emplace_back(Vector(factors, 0), Vector(factors, 1));
    all.emplace_back(Vector(factors, 1), Vector(factors, 0));
    all.emplace_back(Vector(factors, FLT_TRUE_MIN), Vector(factors, 1));
    all.emplace_back(Vector(factors, FLT_TRUE_MIN), Vector(factors, FLT_TRUE_MIN));
  }
  return all;
}

TEST(QuantizationTest, the_bound_is_never_below_the_inner_product_and_needs_every_term) {
  std::size_t needed[4] = {};
  for (const auto& [x, y] : pairs()) {
    for (const double coarser : {1.0, 1.7, 1000.0}) {
      const double x_scale = std::max(fitting_scale(x), 0x1p-160);
      const double y_scale = std::max(fitting_scale(y), 0x1p-160) * coarser;
      const Bound bound(x, y, x_scale, y_scale);
      const auto product = static_cast<long double>(inner_product(x, y));

      ASSERT_GE(bound.all(), product) << x.size() << " factors, the first " << x[0] << " and " << y[0];

      const long double terms[] = {bound.item_rest, bound.query_rest, bound.summation, bound.underflow};
      for (std::size_t i = 0; i < 4; ++i) needed[i] += static_cast<std::size_t>(bound.all() - terms[i] < product);
    }
  }
  for (std::size_t i = 0; i < 4; ++i) EXPECT_GT(needed[i], 0U) << "no pair needs term " << i;
}

TEST(QuantizationTest, codes_stay_within_127_and_norms_are_upper_bounds) {
  std::mt19937 engine(2);
  for (const std::size_t factors : {1U, 16U, 100U, 4096U}) {
    const Vector row = random_row(engine, factors, 1);
    std::vector<std::int8_t> codes(factors);

    const QuantizedRow quantized = quantize(row, fitting_scale(row) / 10, codes.data());

    long double squares = 0;
    for (const float value : row) squares += static_cast<long double>(value) * value;
    EXPECT_LE(std::sqrt(squares), quantized.norm);
    EXPECT_NEAR(static_cast<double>(std::sqrt(squares)), quantized.norm, 1e-11 * quantized.norm);
    for (const std::int8_t code : codes) EXPECT_GE(code, -127);
  }
}

TEST(QuantizationTest, a_biased_score_reaches_a_threshold_only_from_above_the_least_sum) {
  std::mt19937_64 engine(3);
  std::uniform_real_distribution<double> unit(-1, 1);
  for (int i = 0; i < 200'000; ++i) {
    const auto product = static_cast<float>(unit(engine));
    double bias = unit(engine) * std::pow(10.0, static_cast<double>(engine() % 18));
    const double offset = unit(engine) * std::pow(10.0, static_cast<double>(engine() % 18));
    if (i % 2 == 0) bias = unit(engine) - offset;  // they cancel, but for what doubles lose
    const float score = score_of(product, bias, offset);

    const double least = least_biased_inner_product(score, offset, 16);

    // The exact sum product + bias is known to the last bit as a double and its rounding error.
    const double sum = static_cast<double>(product) + bias;
    const double back = sum - bias;
    const double error = (static_cast<double>(product) - back) + (bias - (sum - back));
    ASSERT_TRUE(sum > least || (sum == least && error >= 0)) << product << " + " << bias << " + " << offset;
    // Not further below than what the roundings explain.
    const double size = std::abs(static_cast<double>(score)) + std::abs(offset) * 0x1p-28;
    ASSERT_GT(least, sum - 3 * 0x1p-23 * size - 0x1p-148) << product << " + " << bias << " + " << offset;
  }
}

TEST(QuantizationTest, no_inner_product_exceeds_what_norms_allow) {
  std::mt19937 engine(6);
  std::uniform_real_distribution<float> mantissa(1, 2);
  std::size_t above_the_norms = 0;
  for (const std::size_t factors : {1U, 16U, 300U, 4096U})
    for (int i = 0; i < 100; ++i) {
      const Vector x(factors, mantissa(engine));
      const Vector y(factors, mantissa(engine));
      std::vector<std::int8_t> codes(factors);
      const double x_norm = quantize(x, 1, codes.data()).norm;
      const double y_norm = quantize(y, 1, codes.data()).norm;
      const auto product = static_cast<double>(inner_product(x, y));

      ASSERT_LE(product, most_inner_product(x_norm, y_norm, static_cast<int>(factors)));
      above_the_norms += static_cast<std::size_t>(product > x_norm * y_norm);
    }
  EXPECT_GT(above_the_norms, 50U) << "the norms alone would do";
  EXPECT_GE(most_inner_product(0x1.8p-75, 0x1p-75, 1), 0x1p-149);
}

TEST(QuantizationTest, scan_levels_are_bounded) {
  QuantizedQuery query;
  query.level = 0x1p300;

  EXPECT_EQ(scan_level(1, query), 0x1p60F);
  EXPECT_EQ(scan_level(-1, query), -0x1p60F);
  EXPECT_EQ(scan_level(0, query), 0);
}

/// Whether a scan of one group, as `items` begin with, keeps the item: principal parts alone, or whole rows.
bool keeps(const ScanKernels& kernels, const ScanItems& items, const QuantizedQuery& query, bool principal,
           const std::vector<std::int8_t>& codes, float level, std::size_t item) {
  AlignedArray<std::int8_t> packed(kernels.packed_bytes(items.steps));
  const std::int8_t* const rows_of_codes[] = {codes.data()};
  kernels.pack_queries(rows_of_codes, 1, items.steps, packed.data());
  const std::int32_t shifts[most_scan_queries] = {principal ? query.principal_shift : query.shift};
  const float levels[most_scan_queries] = {level};
  const float norms[most_scan_queries] = {query.norm_part};
  const float rests[most_scan_queries] = {query.rest_part};
  const float tails[most_scan_queries] = {principal ? query.tail_part : 0};
  const float weights[most_scan_queries] = {query.bias_weight};
  Survivor survivors[scan_group];
  const std::size_t count =
      kernels.scan(items, 1, {packed.data(), shifts, levels, norms, rests, tails, weights}, 1, survivors);
  return std::any_of(survivors, survivors + count, [&](const Survivor& s) { return s.item == item; });
}

/// Sixteen items in one group, a query, and thresholds that are the items' own scores: the hardest there are.
void expect_ties_to_survive(const std::vector<Vector>& rows, const Vector& x, const std::vector<double>& biases,
                            double offset, const std::string& name) {
  const std::size_t factors = x.size();
  Vector items;
  for (const Vector& row : rows) items.insert(items.end(), row.begin(), row.end());
  const bool biased = !biases.empty();
  const ItemIndex index({items.data(), rows.size(), static_cast<int>(factors), {}, biases, 1}, 1);
  const std::size_t steps = scan_steps(static_cast<int>(factors));
  std::vector<std::int8_t> codes(steps * 4);
  ItemUnits units = index.units();
  if (!biased) units.biases = 0;
  const QuantizedQuery query =
      quantize_query(std::vector<double>(x.begin(), x.end()), index.basis(), units, codes.data());
  for (std::size_t wanted = 0; wanted < rows.size(); ++wanted) {
    const float product = inner_product(x, Vector(index.row(wanted), index.row(wanted) + factors));
    const float threshold = biased ? score_of(product, index.bias(wanted), offset) : product;
    const double least = biased ? least_biased_inner_product(threshold, offset, static_cast<int>(factors))
                                : least_inner_product(threshold, static_cast<int>(factors));
    const float level = scan_level(least, query);
    for (const std::string_view kernel_level : supported_kernel_levels()) {
      const ScanKernels& kernels = scan_kernels(kernel_level, 1);
      const ScanItems group = index.scan_items(0, biased && index.units().biases > 0);
      ASSERT_TRUE(keeps(kernels, group, query, false, codes, level, wanted))
          << name << ", " << factors << " factors, position " << wanted << ", " << kernels.name;
    }
  }
}

TEST(QuantizationTest, items_that_tie_with_the_threshold_survive) {
  std::mt19937 engine(4);
  for (const std::size_t factors : {1U, 16U, 31U, 64U, 128U, 256U, 2000U}) {
    for (int round = 0; round < 8; ++round) {
      for (const float item_size : {1.0F, 1e-20F, 1e-42F, 1e15F}) {
        for (const float query_size : {1.0F, 1e-20F, 1e-42F, 1e15F}) {
          std::vector<Vector> rows;
          for (std::size_t i = 0; i < scan_group; ++i)
            rows.push_back(random_row(engine, factors, i % 4 == 3 ? item_size * 1e-9F : item_size));
          rows[1] = Vector(factors, item_size);
          rows[2] = row_between_codes(engine, factors, static_cast<double>(item_size), 0.49);
          const Vector x = round == 0   ? Vector(factors, query_size)
                           : round == 1 ? row_between_codes(engine, factors, static_cast<double>(query_size), 0.49)
                                        : random_row(engine, factors, query_size);
          const std::string name = fmt::format("items {}, query {}", item_size, query_size);
          expect_ties_to_survive(rows, x, {}, 0, name);
          if (round < 6) continue;
          for (const double bias_size : {1.0, 1e-30, 1e6}) {
            std::vector<double> biases(rows.size());
            for (double& bias : biases) bias = bias_size * std::normal_distribution<double>()(engine);
            expect_ties_to_survive(rows, x, biases, 3.7 * bias_size, fmt::format("{}, biases {}", name, bias_size));
          }
        }
      }
    }
  }
}

TEST(QuantizationTest, a_long_sum_that_rounds_up_at_every_step_survives) {
  // Equal products in each half of the sum, so that all roundings of a half go one way: for some of these scales up in
  // both, by hundreds of times what the codes resolve.
  std::mt19937 engine(5);
  std::uniform_real_distribution<float> mantissa(1, 2);
  for (int i = 0; i < 300; ++i) {
    Vector row(4096, mantissa(engine) * 127);
    std::fill(row.begin() + 2048, row.end(), row[0] / 127 * -126);
    expect_ties_to_survive(std::vector<Vector>(scan_group, row), Vector(4096, 127), {}, 0, "half and half");
  }
}

TEST(QuantizationTest, what_underflows_needs_the_margin) {
  // A is 0.63 of the least subnormal and becomes 1; w is 0.7 of it and becomes 1 too; times a = 2^40, what h w lost is
  // far below 1 and yet not nothing.
  constexpr std::size_t factors = 16;
  Vector x(factors, 0);
  x[0] = static_cast<float>(127 / 0.7 * 0x1p119);
  const std::vector<Vector> zeros(scan_group, Vector(factors, 0));

  expect_ties_to_survive(zeros, x, std::vector<double>(scan_group, 0.9 * 0x1p-30), 0, "underflow");
}

/// An index that has principal parts: rows of a decaying spectrum.
ItemIndex index_with_principal_parts(int factors, std::span<const double> biases = {}) {
  const FactorMatrix rows = test::factor_rows(PrincipalBasis::least_rows, factors, true, 7);
  return {{rows.data(), PrincipalBasis::least_rows, factors, {}, biases, 1}, 1};
}

TEST(QuantizationTest, items_that_tie_with_the_threshold_survive_scans_of_principal_parts) {
  for (const bool biased : {false, true})
    for (const int factors : {64, 100, 128}) {
      std::mt19937 engine(8);
      std::vector<double> biases(biased ? PrincipalBasis::least_rows : 0);
      for (double& bias : biases) bias = std::normal_distribution<double>(0, 0.1)(engine);
      const ItemIndex index = index_with_principal_parts(factors, biases);
      ASSERT_FALSE(index.basis().empty());
      const auto width = static_cast<std::size_t>(factors);
      const std::size_t steps = scan_steps(factors);
      for (int round = 0; round < 300; ++round) {
        const std::size_t position = engine() % index.count();
        // A query near the item, which is so much of its own direction that its tail matters.
        Vector x = random_row(engine, width, 0.02F);
        for (std::size_t k = 0; k < width; ++k) x[k] += index.row(position)[k];
        std::vector<double> turned(width);
        index.basis().turn(kernel_table("portable"), x.data(), turned.data());
        std::vector<std::int8_t> codes(steps * 4);
        const QuantizedQuery query = quantize_query(turned, index.basis(), index.units(), codes.data());
        long double squares = 0;
        for (const float value : x) squares += static_cast<long double>(value) * value;
        ASSERT_GE(query.norm, std::sqrt(squares));
        const float product = inner_product(x, Vector(index.row(position), index.row(position) + width));
        const float threshold = biased ? score_of(product, index.bias(position), 0.3) : product;
        const double least =
            biased ? least_biased_inner_product(threshold, 0.3, factors) : least_inner_product(threshold, factors);
        for (const std::string_view level : supported_kernel_levels())
          for (const bool principal : {false, true})
            ASSERT_TRUE(keeps(scan_kernels(level, 1),
                              principal ? index.scan_principal(position, biased) : index.scan_items(position, biased),
                              query, principal, codes, scan_level(least, query), position % scan_group))
                << factors << " factors, position " << position << ", " << level
                << (principal ? ", principal parts" : "");
      }
    }
}

TEST(QuantizationTest, bounds_of_a_group_hold_what_its_coordinates_lose) {
  constexpr int factors = 64;
  const ItemIndex index = index_with_principal_parts(factors);
  const PrincipalBasis& basis = index.basis();
  std::vector<double> turned(factors);
  for (std::size_t group = 0; group < 100; ++group) {
    const ScanItems items = index.scan_items(group * scan_group, false);
    const double scale = index.units().factors / static_cast<double>(items.inverse_scales[0]);
    long double largest = 0;
    for (std::size_t i = 0; i < scan_group; ++i) {
      basis.turn(kernel_table("portable"), index.row(group * scan_group + i), turned.data());
      long double rest = 0;
      long double norm = 0;
      for (std::size_t k = 0; k < factors; ++k) {
        const int code = items.codes[k / 4 * 64 + i * 4 + k % 4] - 128;
        rest += std::pow(static_cast<long double>(turned[k]) - scale * code, 2.0L);
        norm += std::pow(static_cast<long double>(turned[k]), 2.0L);
      }
      largest = std::max(largest, std::sqrt(rest) + (summation_error(factors) + basis.error()) * std::sqrt(norm));
    }
    // The scale is known to the precision of a float here, which the rests feel; ε is some 100 times that.
    EXPECT_GT(static_cast<long double>(items.errors[0]) * scale, largest * (1 - 0x1p-17L)) << group;
  }
}

}  // namespace
}  // namespace alsace
