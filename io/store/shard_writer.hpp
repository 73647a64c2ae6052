#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "io/store/file_hash.hpp"
#include "io/store/hdf5_dataset.hpp"
#include "src/data/id_list.hpp"

namespace alsace::io {

/// One dataset to write: where it goes, and where its rows come from.
struct Column {
  std::string path;
  hdf5::ElementType type;
  hdf5::Shape shape;
  /// The bytes of some rows: a pointer into memory that lives on, or into `scratch` after filling it.
  std::function<const void*(RowRange rows, std::vector<char>& scratch)> rows;
};

/// A column over contiguous memory, which must outlive it.
Column array_column(std::string path, hdf5::ElementType type, hdf5::Shape shape, const void* data);
/// A column of ids, padded to `width` bytes as it is written. `ids` must outlive it.
Column id_column(std::string path, const IdList& ids, std::uint64_t width);

/// Writes a new file with these datasets, and a hard link to each one below the group `alias` ("" for none); fsyncs it,
/// drops it from the page cache, reads everything back and compares it bit by bit. Returns its size and hash. Memory:
/// two blocks of 8 MiB. Throws ErrorKind::storage; the file is then useless.
FileDigest write_shard_file(const std::filesystem::path& file, const std::vector<Column>& columns,
                            const std::string& alias);

}  // namespace alsace::io
