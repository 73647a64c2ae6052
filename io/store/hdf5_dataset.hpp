#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/store/hdf5_handle.hpp"
#include "src/data/ids.hpp"

/// Typed datasets of one or two dimensions in one file. Everything throws ErrorKind::storage, naming file and dataset.
namespace alsace::io::hdf5 {

/// What the elements of a dataset are, on disk (little-endian) as in memory.
struct ElementType {
  enum class Kind { fp32, fp64, uint32, uint64, int64, text };
  Kind kind;
  std::size_t bytes;

  /// `width` 0, of a side without rows, counts as 1.
  static constexpr ElementType text(std::uint64_t width) {
    return {Kind::text, static_cast<std::size_t>(width == 0 ? 1 : width)};
  }
};
inline constexpr ElementType fp32{ElementType::Kind::fp32, 4};
inline constexpr ElementType fp64{ElementType::Kind::fp64, 8};
inline constexpr ElementType uint32{ElementType::Kind::uint32, 4};
inline constexpr ElementType uint64{ElementType::Kind::uint64, 8};
inline constexpr ElementType int64{ElementType::Kind::int64, 8};

/// Extent of a dataset; `columns` 0 for one dimension.
struct Shape {
  std::uint64_t rows = 0;
  std::uint64_t columns = 0;

  [[nodiscard]] std::uint64_t row_elements() const { return columns == 0 ? 1 : columns; }
  friend bool operator==(const Shape&, const Shape&) = default;
};

/// The HDF5 type, in memory and on disk. Text is UTF-8, null-padded.
Type make_type(ElementType type);
Space make_space(const Shape& shape);
/// Selects some rows of a space of that shape.
void select_rows(const Space& space, const Shape& shape, RowRange rows, const std::string& where);

/// A new file (the name must be free) whose bytes depend on what is written alone; one that exists, for reading.
File create_file(const std::filesystem::path& path);
File open_file(const std::filesystem::path& path);

/// Makes the groups of a path: "/users" for "/users/ids". Those that exist stay.
void make_groups(const File& file, const std::string& file_name, const std::string& path);

/// Dataset properties: no times, and for a non-empty shape chunks of about 1 MiB with fletcher32. Text, mostly padding,
/// is shuffled and deflated as well; deflating factors is many times slower than the disk.
Properties dataset_properties(ElementType type, const Shape& shape);
/// Rows of one chunk.
std::uint64_t chunk_rows(ElementType type, const Shape& shape);

Dataset create_dataset(const File& file, const std::string& file_name, const std::string& path, ElementType type,
                       const Shape& shape);

/// Opens a dataset and checks that every link on its path is a hard one, and that type, shape, layout and filters are
/// those of the schema.
Dataset open_dataset(const File& file, const std::string& file_name, const std::string& path, ElementType type,
                     const Shape& shape);

/// Width of the text elements of a dataset; refuses other types.
std::uint64_t text_width(const File& file, const std::string& file_name, const std::string& path);

/// Writes one chunk of numbers, that of the rows from `first_row` on, past the filters. `chunk`: chunk_rows rows, those
/// beyond the shape zero, then their fletcher32 in little-endian: what the filter would have stored.
void write_chunk(const Dataset& dataset, const std::string& where, const Shape& shape, std::uint64_t first_row,
                 std::span<const char> chunk);
/// Where in the file the chunk of the rows from `first_row` on is stored.
struct ChunkPlace {
  std::uint64_t begin = 0;
  std::uint64_t bytes = 0;
  friend bool operator==(const ChunkPlace&, const ChunkPlace&) = default;
};
ChunkPlace chunk_place(const Dataset& dataset, const std::string& where, const Shape& shape, std::uint64_t first_row);

/// Moves the rows [rows.begin, rows.end) between a dataset and memory. `where`: file and dataset path.
void write_rows(const Dataset& dataset, const std::string& where, ElementType type, const Shape& shape, RowRange rows,
                const void* from);
void read_rows(const Dataset& dataset, const std::string& where, ElementType type, const Shape& shape, RowRange rows,
               void* to);

}  // namespace alsace::io::hdf5
