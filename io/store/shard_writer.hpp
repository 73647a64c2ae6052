#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "io/store/atomic_publish.hpp"
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
/// A column of row offsets, each `before` greater than in memory. `offsets` must outlive it.
Column offset_column(std::string path, std::span<const std::uint64_t> offsets, std::uint64_t before);

/// Writes one shard file, a dataset at a time. Needs each column's rows only while write() runs: what is read back in
/// the end is compared with hashes. Calls may come from different threads, one after the other. Memory: three chunks of
/// 1 MiB, and 80 bytes for each chunk of the file. Everything throws ErrorKind::storage; the file is then useless.
class ShardFileWriter {
 public:
  /// Makes the file, whose name must be free.
  explicit ShardFileWriter(std::filesystem::path file);
  ~ShardFileWriter();
  ShardFileWriter(const ShardFileWriter&) = delete;
  ShardFileWriter& operator=(const ShardFileWriter&) = delete;

  void write(const Column& column);

  /// Makes a hard link to each dataset below the group `alias` ("" for none), fsyncs the file, drops it from the page
  /// cache, and reads it from the disk, once: to hash it, and to compare each chunk with what was written. Then what
  /// the file says of itself is compared as well: shapes, types, and where each chunk is. Returns size and hash.
  FileDigest finish(const std::string& alias);

 private:
  /// A dataset as it was written: XXH3-128 of each chunk, in order. Of numbers, the chunk as it is stored, and where;
  /// of text, which HDF5 deflates, the rows.
  struct Written {
    std::string path;
    hdf5::ElementType type;
    hdf5::Shape shape;
    std::vector<FilePiece> chunks;
  };
  void write_checked(const hdf5::Dataset& dataset, const Column& column, const std::string& where, Written& written);
  void write_filtered(const hdf5::Dataset& dataset, const Column& column, const std::string& where, Written& written);
  FileDigest read_back_chunks() const;
  void compare(const hdf5::File& file, const Written& written);
  [[noreturn]] void throw_differs(const Written& written, std::uint64_t chunk) const;

  std::filesystem::path path_;
  std::string name_;
  hdf5::File file_;
  FileDescriptor descriptor_;
  std::vector<Written> written_;
  std::vector<char> scratch_;
  std::vector<char> chunk_;
};

}  // namespace alsace::io
