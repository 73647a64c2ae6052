#include "src/kernels/scan_kernels.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "src/error.hpp"
#include "src/kernels/kernel_table.hpp"
#include "tests/src/kernels/amx_emulated_scan.hpp"
#include "tests/src/kernels/kernel_level.hpp"

namespace alsace {
namespace {

#include "src/kernels/scan_threshold.inc"

using test::Buffer;

/// Codes and all that belongs to them, at random: extremes among them, and thresholds that some pairs pass.
struct ScanCase {
  std::size_t groups;
  std::size_t queries;
  std::size_t steps;
  bool biased;
  Buffer<std::uint8_t> item_codes{groups * steps * 64 + scan_slack_bytes};
  std::vector<std::vector<std::int8_t>> query_codes;
  std::vector<float> inverse_scales, errors, lengths, tail_lengths, biases;
  std::vector<float> levels, norms, rests, tails, weights;
  std::vector<std::int32_t> shifts;

  ScanCase(std::size_t group_count, std::size_t query_count, int factors, bool with_biases, unsigned seed)
      : groups(group_count), queries(query_count), steps(scan_steps(factors)), biased(with_biases) {
    std::mt19937 engine(seed);
    std::uniform_real_distribution<float> unit(0, 1);
    const auto code = [&] {
      const auto kind = engine() % 8;
      return kind == 0 ? 127 : kind == 1 ? -127 : static_cast<int>(engine() % 255) - 127;
    };
    std::fill_n(item_codes.data(), groups * steps * 64 + scan_slack_bytes, std::uint8_t{255});
    for (std::size_t i = 0; i < groups * steps * 64; ++i) {
      const std::size_t k = i / 64 % steps * 4 + i % 4;
      item_codes.data()[i] = static_cast<std::uint8_t>(k < static_cast<std::size_t>(factors) ? code() + 128 : 128);
    }
    for (std::size_t q = 0; q < queries; ++q) {
      query_codes.emplace_back(steps * 4, std::int8_t{0});
      std::int32_t sum = 0;
      for (std::size_t k = 0; k < static_cast<std::size_t>(factors); ++k) {
        query_codes[q][k] = static_cast<std::int8_t>(q == 0 ? 127 : code());
        sum += query_codes[q][k];
      }
      shifts.push_back(128 * sum);
      // Around what random dots come to; some queries take everything, and some nothing.
      const float size = 127 * 60 * std::sqrt(static_cast<float>(factors));
      levels.push_back(q % 11 == 5 ? -0x1p60F : q % 11 == 7 ? 0x1p60F : size * (0.5F + 2 * unit(engine)));
      norms.push_back(unit(engine) * 10);
      rests.push_back(unit(engine));
      tails.push_back(q % 2 == 0 ? 0 : 20 * unit(engine));
      weights.push_back(unit(engine) * 100);
    }
    for (std::vector<float>* of_queries : {&levels, &norms, &rests, &tails, &weights})
      of_queries->resize(most_scan_queries);
    shifts.resize(most_scan_queries);
    for (std::size_t g = 0; g < groups; ++g) {
      inverse_scales.push_back(1 + unit(engine));
      errors.push_back(unit(engine));
      lengths.push_back(unit(engine) * 100);
      tail_lengths.push_back(unit(engine) * 1000);
      for (std::size_t i = 0; i < scan_group; ++i) biases.push_back((2 * unit(engine) - 1) * inverse_scales.back());
    }
  }

  [[nodiscard]] std::int32_t dot(std::size_t query, std::size_t group, std::size_t item) {
    std::int32_t sum = 0;
    for (std::size_t k = 0; k < steps * 4; ++k)
      sum += query_codes[query][k] * (item_codes.data()[(group * steps + k / 4) * 64 + item * 4 + k % 4] - 128);
    return sum;
  }

  /// The definition in scan_kernels.hpp, to the letter.
  [[nodiscard]] std::vector<Survivor> defined() {
    std::vector<Survivor> survivors;
    for (std::size_t q = 0; q < queries; ++q)
      for (std::size_t g = 0; g < groups; ++g) {
        const float threshold =
            scan_threshold(levels[q], norms[q], rests[q], tails[q], biased ? weights[q] : 0, inverse_scales[g],
                           errors[g], lengths[g], tail_lengths[g], scan_margin(steps));
        for (std::size_t i = 0; i < scan_group; ++i) {
          const std::int32_t d = dot(q, g, i);
          const float bias = biases[g * scan_group + i] * weights[q];
          const bool passes = biased ? static_cast<float>(d) + bias >= threshold
                                     : static_cast<float>(d) >= std::trunc(std::clamp(threshold, -0x1p30F, 0x1p30F));
          if (passes)
            survivors.push_back(
                {static_cast<std::uint32_t>(g), static_cast<std::uint16_t>(q), static_cast<std::uint16_t>(i), d});
        }
      }
    return survivors;
  }

  [[nodiscard]] std::vector<Survivor> scanned_by(const ScanKernels& kernels) {
    Buffer<std::int8_t> packed(kernels.packed_bytes(steps));
    std::vector<const std::int8_t*> codes;
    for (const auto& of_query : query_codes) codes.push_back(of_query.data());
    kernels.pack_queries(codes.data(), queries, steps, packed.data());
    std::vector<Survivor> survivors(groups * scan_group * queries);
    const ScanItems items{item_codes.data(),
                          inverse_scales.data(),
                          errors.data(),
                          lengths.data(),
                          tail_lengths.data(),
                          biased ? biases.data() : nullptr,
                          steps};
    const ScanQueries of{packed.data(), shifts.data(), levels.data(), norms.data(),
                         rests.data(),  tails.data(),  weights.data()};
    survivors.resize(kernels.scan(items, groups, of, queries, survivors.data()));
    std::sort(survivors.begin(), survivors.end(), [](const Survivor& a, const Survivor& b) {
      return std::tie(a.query, a.group, a.item) < std::tie(b.query, b.group, b.item);
    });
    return survivors;
  }
};

/// The first survivor that is not as expected, or "".
std::string first_difference(const std::vector<Survivor>& actual, const std::vector<Survivor>& expected) {
  const auto same = [](const Survivor& a, const Survivor& b) {
    return std::tie(a.query, a.group, a.item, a.dot) == std::tie(b.query, b.group, b.item, b.dot);
  };
  const auto [a, e] = std::mismatch(actual.begin(), actual.end(), expected.begin(), expected.end(), same);
  const auto text = [](auto at, auto end) {
    if (at == end) return std::string("none");
    return fmt::format("query {}, group {}, item {}: {}", at->query, at->group, at->item, at->dot);
  };
  if (a == actual.end() && e == expected.end()) return "";
  return text(a, actual.end()) + ", expected " + text(e, expected.end());
}

void expect_defined_survivors(const ScanKernels& kernels) {
  for (const bool biased : {false, true})
    for (const int factors : {1, 16, 31, 64, 100, 128, 130, 200, 256, 300})
      for (const std::size_t groups : {1U, 2U, 3U, 7U, 64U, 70U, 130U})
        for (const std::size_t queries : {1U, 2U, 3U, 4U, 5U, 8U, 11U, 12U, 16U, 17U, 32U}) {
          if (queries > kernels.queries || (factors > 64 && queries % 4 != 0) ||
              (groups > 8 && (queries % 4 != 0 || factors % 100 != 0)))
            continue;
          ScanCase scan(groups, queries, factors, biased, static_cast<unsigned>(groups * 100 + queries));

          const std::vector<Survivor> survivors = scan.scanned_by(kernels);

          ASSERT_EQ(first_difference(survivors, scan.defined()), "")
              << kernels.name << ": " << factors << " factors, " << groups << " groups, " << queries << " queries"
              << (biased ? " with biases" : "");
        }
}

class ScanKernelsTest : public testing::TestWithParam<std::string_view> {};

TEST_P(ScanKernelsTest, keep_the_pairs_that_the_definition_keeps) {
  for (const std::size_t queries : {std::size_t{1}, most_scan_queries}) {
    const ScanKernels& kernels = scan_kernels(GetParam(), queries);
    EXPECT_LE(kernels.queries, most_scan_queries);
    expect_defined_survivors(kernels);
  }
}

INSTANTIATE_TEST_SUITE_P(Levels, ScanKernelsTest, testing::ValuesIn(supported_kernel_levels()),
                         [](const auto& each) { return std::string(each.param); });

TEST(ScanKernelsTest, emulated_tiles_keep_the_pairs_that_the_definition_keeps) {
#ifdef ALSACE_X86_KERNELS
  const auto levels = supported_kernel_levels();
  if (std::find(levels.begin(), levels.end(), "avx512") == levels.end()) GTEST_SKIP() << "no AVX-512";
  expect_defined_survivors(test::amx_emulated_scan);
#else
  GTEST_SKIP() << "no x86";
#endif
}

TEST(ScanKernelsTest, the_level_names_the_scan) {
  EXPECT_EQ(scan_kernels("portable", 1).name, "portable");
  EXPECT_THROW((void)scan_kernels("sse9", 1), Error);
#ifdef ALSACE_X86_KERNELS
  const auto levels = supported_kernel_levels();
  const auto has = [&](const char* level) { return std::find(levels.begin(), levels.end(), level) != levels.end(); };
  const bool vnni = has("avx512") && __builtin_cpu_supports("avx512vnni");
  if (has("avx2")) {
    EXPECT_EQ(scan_kernels("avx2", 1).name, "avx2");
  }
  if (has("avx512")) {
    EXPECT_EQ(scan_kernels("avx512", 32).name, vnni ? "avx512_vnni" : "avx2");
  }
  if (has("amx")) {
    EXPECT_EQ(scan_kernels("amx", 32).name, "amx_int8");
  }
  if (has("amx")) {
    EXPECT_EQ(scan_kernels("amx", 12).name, "avx512_vnni");
  }
#endif
}

}  // namespace
}  // namespace alsace
