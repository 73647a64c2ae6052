#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace alsace {

/// Items of a scan are taken in groups that share a scale.
inline constexpr std::size_t scan_group = 16;
/// Most queries that any level scans at once: what its callers have room for.
inline constexpr std::size_t most_scan_queries = 32;
/// Bytes behind the last group's codes that a level may read, whatever they are.
inline constexpr std::size_t scan_slack_bytes = 1024;

/// Codes are four to a step, and steps four to a whole: padded with codes of zero.
constexpr std::size_t scan_steps(int factors) {
  return (static_cast<std::size_t>(factors) + 15) / 16 * 4;
}

/// Quantized items, from some group on, whole or their principal parts. What the numbers mean is proven in
/// src/ranking/quantization.hpp; a kernel takes them as they are.
struct ScanItems {
  const std::uint8_t* codes = nullptr;    ///< group · steps · 64 bytes: [step][item][4], a code + 128, in 1 to 255
  const float* inverse_scales = nullptr;  ///< a_g, one a group
  const float* errors = nullptr;          ///< b_g, one a group
  const float* lengths = nullptr;         ///< c_g, one a group
  const float* tail_lengths = nullptr;    ///< d_g, one a group
  const float* biases = nullptr;          ///< h_i, 16 a group; null where scores have none
  std::size_t steps = 0;                  ///< a multiple of 4, see scan_steps
};

/// What belongs to each of the queries that are scanned at once; the arrays have most_scan_queries elements.
struct ScanQueries {
  const std::int8_t* packed = nullptr;   ///< their codes, as pack_queries left them
  const std::int32_t* shifts = nullptr;  ///< 128 · the sum of a query's codes
  const float* levels = nullptr;         ///< A_q
  const float* norms = nullptr;          ///< B_q
  const float* rests = nullptr;          ///< C_q
  const float* tails = nullptr;          ///< G_q; 0 where whole items are scanned
  const float* bias_weights = nullptr;   ///< w_q; not read without biases
};

/// A pair that may be among a query's best: its integer inner product is `dot`.
struct Survivor {
  std::uint32_t group;  ///< of the item, counted from the first of the scan
  std::uint16_t query;
  std::uint16_t item;  ///< within the group
  std::int32_t dot;
};

/// Scans of int8 codes with the threshold test fused in, one table a level of the instruction set. All levels give the
/// same survivors and the same dots; they differ in how many queries they take at once, and in how those are packed.
struct ScanKernels {
  std::string_view name;    ///< "portable", "avx2", "avx512_vnni", "amx_int8"
  std::size_t queries = 0;  ///< most of one scan

  /// Brings the codes of `count` queries (rows of 4 · steps, zero padded) into the order that scan reads, in
  /// packed_bytes(steps) bytes aligned to 64.
  void (*pack_queries)(const std::int8_t* const* codes, std::size_t count, std::size_t steps, std::int8_t* packed);

  /// Appends to `out` the pairs of `count` queries with the items of `groups` groups that pass the test, at most
  /// 16 · groups · count, and returns how many. A pair passes when the integer dot D of its codes is at least
  ///   T = m − r − 2^-20 (|m| + r + w_q a_g) − margin,
  ///   m = A_q a_g,  r = B_q b_g + C_q c_g + G_q d_g,  margin = 2 + steps / 128
  /// or, with biases, when fl(D + h_i w_q) ≥ T; all in fp32 as scan_threshold.inc has it. Without biases w_q counts as
  /// 0, and T is bounded to ± 2^30 and loses its fraction. Cost: 64 · steps multiply-adds a group and query.
  std::size_t (*scan)(const ScanItems& items, std::size_t groups, const ScanQueries& queries, std::size_t count,
                      Survivor* out);

  [[nodiscard]] constexpr std::size_t packed_bytes(std::size_t steps) const { return (steps + 15) / 16 * 64 * queries; }
};

/// The scan of a kernel level (see kernel_table) for so many queries at once: few are scanned by the vectors' loop even
/// where there are tiles. A level whose processor lacks the int8 instructions (AVX-512 without VNNI, AMX without int8)
/// scans as the next one below it.
const ScanKernels& scan_kernels(std::string_view level, std::size_t queries);

}  // namespace alsace
