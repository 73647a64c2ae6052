#include "bench/support/forming.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "bench/machine/loops.hpp"
#include "src/aligned_array.hpp"
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

void gather(const SparseRows& rows, const FactorMatrix& fixed, std::size_t row_bytes) {
  result_of_reads = gather_rows(fixed.data(), row_bytes, rows.columns.data(), rows.nonzeros());
}

void form(const KernelTable& kernels, const SparseRows& rows, const FactorMatrix& fixed) {
  const int factors = static_cast<int>(fixed.cols());
  const std::size_t padded = padded_factors(factors);
  std::size_t longest = 0;
  for (std::size_t row = 0; row < rows.rows(); ++row) longest = std::max(longest, rows.row_length(row));
  const std::vector<float> ones(longest, 1.0F);
  AlignedArray<float> matrix(padded * padded);
  AlignedArray<float> rhs(padded);
  AlignedArray<float> workspace(normal_equations_workspace(factors));
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    std::fill_n(matrix.data(), matrix.size(), 0.0F);
    std::fill_n(rhs.data(), rhs.size(), 0.0F);
    const auto columns = rows.columns_of(row);
    kernels.form_normal_equations(fixed.data(), factors, columns.data(), ones.data(), ones.data(), columns.size(),
                                  matrix.data(), rhs.data(), workspace.data());
    result_of_forming = matrix.data()[0] + rhs.data()[0];
  }
}

SparseRows every_row(const SparseRows& rows, std::size_t stride) {
  SparseRows sample;
  for (std::size_t row = 0; row < rows.rows(); row += stride) {
    const auto columns = rows.columns_of(row);
    sample.columns.insert(sample.columns.end(), columns.begin(), columns.end());
    sample.offsets.push_back(sample.columns.size());
  }
  sample.values.assign(sample.nonzeros(), 1.0F);
  return sample;
}

}  // namespace

FormingPasses::FormingPasses(const Interactions& data, int factors)
    : data_(data),
      users_(random_factors(columns_of(data.by_item), factors, 0)),
      items_(random_factors(columns_of(data.by_user), factors, 1)) {
  const auto add = [&](std::string name, auto pass) {
    passes_.emplace_back(std::move(name), [this, pass] {
      pass(data_.by_user, items_);
      pass(data_.by_item, users_);
    });
  };
  const auto row_bytes = static_cast<std::size_t>(factors) * sizeof(float);
  add("gather fp32",
      [row_bytes](const SparseRows& rows, const FactorMatrix& fixed) { gather(rows, fixed, row_bytes); });
  for (const std::string_view level : supported_kernel_levels()) {
    if (level == "portable" && supported_kernel_levels().size() > 1) continue;  // says nothing of this processor
    const KernelTable& kernels = kernel_table(level);
    add(pass_of(std::string(level), Precision::fp32),
        [&kernels](const SparseRows& rows, const FactorMatrix& fixed) { form(kernels, rows, fixed); });
  }
}

std::string FormingPasses::gather_of(const std::string& pass) {
  return pass.ends_with("bf16") ? "gather bf16" : "gather fp32";
}

std::string FormingPasses::pass_of(const std::string& level, Precision precision) {
  const bool bf16 = precision != Precision::fp32 && (level == "avx512_bf16" || level == "amx");
  return fmt::format("form {} {}", level, bf16 ? "bf16" : "fp32");
}

Interactions every(const Interactions& data, std::size_t stride) {
  return {data.name, every_row(data.by_user, stride), every_row(data.by_item, stride)};
}

}  // namespace alsace::bench
