#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

#include "io/export/output_file.hpp"
#include "src/data/ids.hpp"
#include "src/matrix.hpp"

/// NumPy's .npy format, versions 1 to 3: little-endian floating-point arrays in C order.
namespace alsace::io {

/// A matrix in a file, read row range by row range. Throws ErrorKind::input naming file, field and value.
class NpyReader {
 public:
  /// Reads the header, of at most 65,535 bytes: fp32 or fp64, two dimensions, C order, as many bytes as the shape says.
  /// `path` may be a link.
  explicit NpyReader(const std::filesystem::path& path);

  [[nodiscard]] std::uint64_t rows() const { return rows_; }
  [[nodiscard]] std::uint64_t columns() const { return columns_; }

  /// fp32 becomes double without a change of value. Numbers that are not finite are refused.
  [[nodiscard]] FactorMatrix64 read(RowRange rows) const;

 private:
  std::filesystem::path path_;
  std::uint64_t rows_ = 0;
  std::uint64_t columns_ = 0;
  std::uint64_t element_bytes_ = 0;
  std::uint64_t data_begin_ = 0;
};

/// Writes an array piece by piece: rows × columns of float, or `rows` of double. The file appears in close(). Throws
/// ErrorKind::storage.
class NpyWriter {
 public:
  static NpyWriter matrix(const std::filesystem::path& path, std::uint64_t rows, std::uint64_t columns);
  static NpyWriter vector(const std::filesystem::path& path, std::uint64_t rows);

  void append(const FactorMatrix& rows);
  void append(std::span<const double> rows);

  /// Checks that all rows have come and publishes the file.
  void close();

 private:
  NpyWriter(const std::filesystem::path& path, std::string_view type, const std::string& shape, std::uint64_t bytes);
  void append(const void* bytes, std::uint64_t count);

  OutputFile file_;
  std::uint64_t bytes_left_;
};

}  // namespace alsace::io
