#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "src/kernels/kernel_table.hpp"
#include "src/matrix.hpp"

namespace alsace::test {

constexpr double fp32_epsilon = 0x1p-24;

/// Zeroed numbers that start `offset` numbers after a 64-byte bound.
template <typename Number>
class Buffer {
 public:
  explicit Buffer(std::size_t count, std::size_t offset = 0)
      : numbers_(count + offset + 64 / sizeof(Number)), count_(count), offset_(offset) {}
  Number* data() {
    const auto address = reinterpret_cast<std::uintptr_t>(numbers_.data());
    return numbers_.data() + (64 - address % 64) % 64 / sizeof(Number) + offset_;
  }
  std::vector<Number> values() { return {data(), data() + count_}; }

 private:
  std::vector<Number> numbers_;
  std::size_t count_;
  std::size_t offset_;
};

inline float round_to_bf16(float value) {
  std::uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  bits = (bits + 0x7fffU + (bits >> 16 & 1U)) & 0xffff0000U;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

/// Rows as KernelTable::form_normal_equations_bf16 wants them.
inline Buffer<std::uint16_t> bf16_rows(const FactorMatrix& rows) {
  const std::size_t stride = bf16_stride(static_cast<int>(rows.cols()));
  Buffer<std::uint16_t> result(static_cast<std::size_t>(rows.rows()) * stride);
  for (Eigen::Index r = 0; r < rows.rows(); ++r)
    for (Eigen::Index k = 0; k < rows.cols(); ++k) {
      const float rounded = round_to_bf16(rows(r, k));
      std::uint32_t bits = 0;
      std::memcpy(&bits, &rounded, sizeof bits);
      result.data()[static_cast<std::size_t>(r) * stride + static_cast<std::size_t>(k)] =
          static_cast<std::uint16_t>(bits >> 16);
    }
  return result;
}

/// A test of each level that this processor runs.
class KernelLevelTest : public testing::TestWithParam<std::string_view> {
 protected:
  const KernelTable& kernels_ = kernel_table(GetParam());
};

}  // namespace alsace::test

/// Runs a fixture at every level, and first of all asserts which one runs.
#define ALSACE_TEST_ALL_LEVELS(Fixture)                                                           \
  TEST_P(Fixture, is_the_level_that_was_asked_for) {                                              \
    EXPECT_EQ(kernels_.level, GetParam());                                                        \
  }                                                                                               \
  INSTANTIATE_TEST_SUITE_P(Levels, Fixture, testing::ValuesIn(alsace::supported_kernel_levels()), \
                           [](const auto& each) { return std::string(each.param); })
