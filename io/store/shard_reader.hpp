#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "io/store/hdf5_dataset.hpp"
#include "io/store/manifest.hpp"
#include "src/data/id_list.hpp"

namespace alsace::io {

/// One open shard file of a store whose manifest says what it must hold. Appends rows to what the caller has, after
/// checking every shape and number. Everything throws ErrorKind::storage naming file and dataset.
class ShardReader {
 public:
  ShardReader(const std::filesystem::path& directory, const StoredFile& file);

  /// Ids of some rows (counted within the shard) of a dataset that has `shard_rows`.
  void append_ids(const char* path, std::uint64_t shard_rows, RowRange rows, IdList& ids) const;

  /// Offsets of the users `rows` (counted within the shard), rows.size() + 1 of them as stored: counted over all
  /// shards.
  [[nodiscard]] std::vector<std::uint64_t> read_offsets(const char* path, RowRange rows) const;

  /// Some elements (counted over all shards) of a dataset with one element an interaction.
  template <class T>
  void append_interactions(const char* path, RowRange elements, std::vector<T>& values) const;

  /// Finite numbers: rows.size() × columns of fp32 or fp64 (columns 0: one dimension) into `to`.
  template <class T>
  void read_numbers(const char* path, hdf5::Shape shape, RowRange rows, T* to) const;

  /// Refuses columns that do not ascend strictly within each row or reach `items`. `offsets` as from read_offsets.
  void check_columns(const char* path, const std::vector<std::uint64_t>& offsets, const std::uint32_t* columns,
                     std::uint64_t items) const;

 private:
  [[nodiscard]] std::string where(const char* path) const { return name_ + ":" + path; }

  std::string name_;
  StoredFile stored_;
  hdf5::File file_;
};

/// The part of `range` that lies in `shard`, counted from the shard's first row; empty when they do not meet.
RowRange local_part(RowRange range, RowRange shard);

/// ALSACE_CHECKs that `range` lies within `rows`.
void check_range(RowRange range, std::uint64_t rows);

}  // namespace alsace::io
