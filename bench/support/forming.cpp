#include "bench/support/forming.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "bench/machine/loops.hpp"
#include "src/aligned_array.hpp"
#include "src/als/solver_choice.hpp"
#include "src/data/random.hpp"
#include "src/kernels/kernel_table.hpp"

namespace alsace::bench {
namespace {

volatile std::uint64_t result_of_reads;
volatile float result_of_forming;

/// One row more than SparseRows names may be a column of a sample: as many rows as the columns reach.
std::size_t columns_of(const SparseRows& rows) {
  return rows.columns.empty() ? 0 : *std::max_element(rows.columns.begin(), rows.columns.end()) + std::size_t{1};
}

FactorMatrix random_factors(std::size_t rows, int factors, std::uint64_t stream) {
  FactorMatrix matrix(static_cast<Eigen::Index>(rows), factors);
  RandomStream random(1, stream, 0);
  for (Eigen::Index i = 0; i < matrix.size(); ++i) matrix.data()[i] = static_cast<float>(0.1 * random.normal());
  return matrix;
}

/// Forms the systems of all rows by `kernel`, which is called as kernel(columns, n, coming, matrix, rhs, workspace).
template <class Kernel>
void form(const SparseRows& rows, int factors, Kernel kernel) {
  const std::size_t padded = padded_factors(factors);
  AlignedFloats matrix(padded * padded);
  AlignedFloats rhs(padded);
  AlignedFloats workspace(normal_equations_workspace(factors));
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    std::fill_n(matrix.data(), matrix.size(), 0.0F);
    std::fill_n(rhs.data(), rhs.size(), 0.0F);
    const auto columns = rows.columns_of(row);
    const auto coming = static_cast<std::size_t>(rows.offsets.back() - rows.offsets[row + 1]);
    kernel(columns.data(), columns.size(), coming, matrix.data(), rhs.data(), workspace.data());
    result_of_forming = matrix.data()[0] + rhs.data()[0];
  }
}

void form_fp32(const KernelTable& kernels, const SparseRows& rows, const FactorMatrix& fixed) {
  const int factors = static_cast<int>(fixed.cols());
  form(rows, factors,
       [&](const std::uint32_t* columns, std::size_t n, std::size_t coming, float* matrix, float* rhs,
           float* workspace) {
         kernels.form_normal_equations(fixed.data(), factors, columns, nullptr, nullptr, n, coming, matrix, rhs,
                                       workspace);
       });
}

void form_bf16(const KernelTable& kernels, const SparseRows& rows, const Bf16Rows& fixed, int factors) {
  form(rows, factors,
       [&](const std::uint32_t* columns, std::size_t n, std::size_t coming, float* matrix, float* rhs,
           float* workspace) {
         kernels.form_normal_equations_bf16(fixed.data(), factors, columns, nullptr, nullptr, n, coming, matrix, rhs,
                                            workspace);
       });
}

SparseRows rows_where(const SparseRows& rows, const std::function<bool(std::size_t, std::size_t)>& wanted) {
  SparseRows some;
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    if (!wanted(row, rows.row_length(row))) continue;
    const auto columns = rows.columns_of(row);
    some.columns.insert(some.columns.end(), columns.begin(), columns.end());
    some.offsets.push_back(some.columns.size());
  }
  some.values.assign(some.nonzeros(), 1.0F);
  return some;
}

}  // namespace

FormingPasses::FormingPasses(const Interactions& data, int factors)
    : data_(data),
      users_(random_factors(columns_of(data.by_item), factors, 0)),
      items_(random_factors(columns_of(data.by_user), factors, 1)),
      users_bf16_(users_, 1),
      items_bf16_(items_, 1) {
  const auto add = [&](std::string name, auto by_user, auto by_item) {
    passes_.emplace_back(std::move(name), [by_user, by_item] {
      by_user();
      by_item();
    });
  };
  const auto gather = [](const SparseRows& rows, const void* fixed, std::size_t row_bytes) {
    return [&rows, fixed, row_bytes] {
      result_of_reads = gather_rows(fixed, row_bytes, rows.columns.data(), rows.nonzeros());
    };
  };
  const std::size_t fp32_bytes = static_cast<std::size_t>(factors) * sizeof(float);
  const std::size_t bf16_bytes = bf16_stride(factors) * sizeof(std::uint16_t);
  add("gather fp32", gather(data.by_user, items_.data(), fp32_bytes), gather(data.by_item, users_.data(), fp32_bytes));
  add("gather bf16", gather(data.by_user, items_bf16_.data(), bf16_bytes),
      gather(data.by_item, users_bf16_.data(), bf16_bytes));
  const auto levels = supported_kernel_levels();
  for (const std::string_view level : levels) {
    if (level == "portable" && levels.size() > 1) continue;  // says nothing of this processor
    const KernelTable& kernels = kernel_table(level);
    add(
        pass_of(level, Precision::fp32), [&] { form_fp32(kernels, data_.by_user, items_); },
        [&] { form_fp32(kernels, data_.by_item, users_); });
    if (!has_bf16_instructions(level)) continue;
    add(
        pass_of(level, Precision::bf16), [&, factors] { form_bf16(kernels, data_.by_user, items_bf16_, factors); },
        [&, factors] { form_bf16(kernels, data_.by_item, users_bf16_, factors); });
  }
}

std::string FormingPasses::gather_of(const std::string& pass) {
  return pass.ends_with("bf16") ? "gather bf16" : "gather fp32";
}

std::string FormingPasses::pass_of(std::string_view level, Precision precision) {
  return fmt::format("form {} {}", level, name_of(resolve_precision(precision)));
}

Interactions rows_where(const Interactions& data, const std::function<bool(std::size_t, std::size_t)>& wanted) {
  return {data.name, rows_where(data.by_user, wanted), rows_where(data.by_item, wanted)};
}

}  // namespace alsace::bench
