#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "io/system.hpp"
#include "mpi/comm/communicator.hpp"
#include "mpi/comm/rank_groups.hpp"
#include "mpi/comm/shared_window.hpp"
#include "src/data/ids.hpp"
#include "src/matrix.hpp"

namespace alsace::mpi {

/// Rows of factors in memory that the ranks of a group share, or of one rank alone: K floats a row, row-major, and with
/// `bf16` the same rows as bf16 (see Bf16Rows), whose values the floats then have. Zero at first.
class FactorTable {
 public:
  struct Shape {
    std::uint64_t rows;
    int factors;
    bool bf16;
  };
  static std::size_t bytes_of(const Shape& shape);

  /// Collective over the ranks of a group of `copies` where it has more than one.
  FactorTable(const Communicator& comm, const RankGroups& copies, const Shape& shape);

  [[nodiscard]] std::uint64_t rows() const { return shape_.rows; }
  [[nodiscard]] float* row(std::uint64_t row) const { return floats_ + row * static_cast<std::size_t>(shape_.factors); }
  [[nodiscard]] FactorView view(RowRange range) const;
  [[nodiscard]] bool is_shared() const { return shared_.has_value(); }
  [[nodiscard]] bool has_bf16() const { return shape_.bf16; }
  /// The bf16 rows, null without.
  [[nodiscard]] std::uint16_t* bf16() const { return bf16_; }

  /// Makes the pages of `range` resident, by the threads among which work on rows is usually spread: near them.
  void touch(RowRange range, int threads) const;
  /// Rounds the floats of `range` to bf16, and writes them as bf16 rows. Nothing without `bf16`.
  void round_rows(RowRange range, int threads) const;
  /// Writes the floats of `range` from its bf16 rows. Nothing without `bf16`.
  void expand_rows(RowRange range, int threads) const;
  /// Waits until what the others of the group wrote is here. Collective over the group.
  void synchronize() const;

 private:
  Shape shape_;
  std::optional<io::PageMemory> private_;
  std::optional<SharedWindow> shared_;
  float* floats_ = nullptr;
  std::uint16_t* bf16_ = nullptr;
};

}  // namespace alsace::mpi
