#include "mpi/training/factor_table.hpp"

#include <algorithm>
#include <bit>

#include "src/als/bf16_rows.hpp"
#include "src/kernels/kernel_table.hpp"

namespace alsace::mpi {
namespace {

constexpr std::size_t alignment = 64;

std::size_t aligned(std::size_t bytes) {
  return (bytes + alignment - 1) / alignment * alignment;
}

std::size_t float_bytes(const FactorTable::Shape& shape) {
  return aligned(static_cast<std::size_t>(shape.rows) * static_cast<std::size_t>(shape.factors) * sizeof(float));
}

}  // namespace

std::size_t FactorTable::bytes_of(const Shape& shape) {
  const std::size_t bf16_bytes =
      shape.bf16 ? static_cast<std::size_t>(shape.rows) * bf16_stride(shape.factors) * sizeof(std::uint16_t) : 0;
  return float_bytes(shape) + bf16_bytes;
}

FactorTable::FactorTable(const Communicator& comm, const RankGroups& copies, const Shape& shape) : shape_(shape) {
  const int group = copies.group_of(comm.rank());
  Communicator sharers = comm.split(group, comm.rank());
  std::byte* base = nullptr;
  if (copies.members(group).size() > 1) {
    shared_.emplace(std::move(sharers), bytes_of(shape));
    base = shared_->data();
  } else {
    private_.emplace(bytes_of(shape));
    base = private_->data();
  }
  floats_ = reinterpret_cast<float*>(base);
  if (shape.bf16) bf16_ = reinterpret_cast<std::uint16_t*>(base + float_bytes(shape));
}

FactorView FactorTable::view(RowRange range) const {
  return Eigen::Map<const FactorMatrix>(row(range.begin), static_cast<Eigen::Index>(range.size()), shape_.factors);
}

void FactorTable::touch(RowRange range, int threads) const {
  const auto factors = static_cast<std::size_t>(shape_.factors);
  const std::size_t stride = bf16_stride(shape_.factors);
#pragma omp parallel for schedule(static) num_threads(threads)
  for (std::uint64_t r = range.begin; r < range.end; ++r) {
    std::fill_n(row(r), factors, 0.0F);
    if (bf16_ != nullptr) std::fill_n(bf16_ + r * stride, stride, std::uint16_t{0});
  }
}

void FactorTable::round_rows(RowRange range, int threads) const {
  if (bf16_ == nullptr) return;
  const auto factors = static_cast<std::size_t>(shape_.factors);
  const std::size_t stride = bf16_stride(shape_.factors);
#pragma omp parallel for schedule(static) num_threads(threads)
  for (std::uint64_t r = range.begin; r < range.end; ++r) {
    round_to_bf16(row(r), factors);
    std::transform(row(r), row(r) + factors, bf16_ + r * stride,
                   [](float value) { return static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(value) >> 16); });
  }
}

void FactorTable::expand_rows(RowRange range, int threads) const {
  if (bf16_ == nullptr) return;
  const auto factors = static_cast<std::size_t>(shape_.factors);
  const std::size_t stride = bf16_stride(shape_.factors);
#pragma omp parallel for schedule(static) num_threads(threads)
  for (std::uint64_t r = range.begin; r < range.end; ++r) {
    const std::uint16_t* from = bf16_ + r * stride;
    std::transform(from, from + factors, row(r),
                   [](std::uint16_t bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); });
  }
}

void FactorTable::synchronize() const {
  if (shared_) shared_->synchronize();
}

}  // namespace alsace::mpi
