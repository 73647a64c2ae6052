#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/support/interactions.hpp"
#include "src/als/bf16_rows.hpp"
#include "src/als/config.hpp"
#include "src/matrix.hpp"

namespace alsace::bench {

/// The part of a sweep that forms the systems of all rows, alone, for each kernel level; and beside it the same rows
/// gathered with nothing done to them, which is the least that the memory system asks for it. One thread; factors are
/// random numbers of the size that training finds.
class FormingPasses {
 public:
  /// Keeps `data` by reference; is not to be moved.
  FormingPasses(const Interactions& data, int factors);
  FormingPasses(const FormingPasses&) = delete;
  FormingPasses& operator=(const FormingPasses&) = delete;

  /// Name and work of each pass over both halves: "gather fp32", "form avx2 fp32", ….
  [[nodiscard]] const std::vector<std::pair<std::string, std::function<void()>>>& passes() const { return passes_; }
  /// The pass that gathers what this one reads.
  [[nodiscard]] static std::string gather_of(const std::string& pass);
  /// The pass of a level and precision.
  [[nodiscard]] static std::string pass_of(std::string_view level, Precision precision);

  [[nodiscard]] const FactorMatrix& users() const { return users_; }
  [[nodiscard]] const FactorMatrix& items() const { return items_; }

 private:
  const Interactions& data_;
  FactorMatrix users_;
  FactorMatrix items_;
  Bf16Rows users_bf16_;
  Bf16Rows items_bf16_;
  std::vector<std::pair<std::string, std::function<void()>>> passes_;
};

/// Some rows of both sides, each with all of its columns. `wanted(row, length)`.
Interactions rows_where(const Interactions& data, const std::function<bool(std::size_t, std::size_t)>& wanted);

}  // namespace alsace::bench
