#include "io/export/npy.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fstream>
#include <system_error>

#include <fmt/format.h>

#include "io/text.hpp"
#include "src/error.hpp"

namespace alsace::io {
namespace {

constexpr std::string_view magic = "\x93NUMPY";
constexpr std::uint64_t longest_header = 65535;

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& field, const std::string& value,
                         const std::string& expected) {
  throw input_error(fmt::format("{}: {} = {}, expected {}", path.string(), field, value, expected));
}

std::string_view without_blanks(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of(' '), text.size()));
}

/// The header from the value of a key of its dictionary on; "" when the key is not there.
std::string_view value_of(std::string_view header, std::string_view key) {
  const std::string quoted = fmt::format("'{}':", key);
  const std::size_t at = header.find(quoted);
  return at == std::string_view::npos ? "" : without_blanks(header.substr(at + quoted.size()));
}

/// What stands between `open`, which `text` must begin with, and the next `close`; "" when they are not there.
std::string_view between(std::string_view text, char open, char close) {
  const std::size_t end = text.find(close, 1);
  return text.starts_with(open) && end != std::string_view::npos ? text.substr(1, end - 1) : "";
}

/// Takes a whole number and the blanks around it from the front of `text`; 0, which no shape may have, for none.
std::uint64_t take_count(std::string_view& text) {
  text = without_blanks(text);
  std::uint64_t count = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc()) return 0;
  text = without_blanks(text.substr(static_cast<std::size_t>(stop - text.data())));
  return count;
}

bool take_comma(std::string_view& text) {
  if (!text.starts_with(',')) return false;
  text = without_blanks(text.substr(1));
  return true;
}

/// Length of the header, read from its first bytes: two of them in version 1, four after that.
std::uint64_t read_header_length(std::istream& file, const std::filesystem::path& path) {
  std::string start(magic.size() + 2, '\0');
  file.read(start.data(), static_cast<std::streamsize>(start.size()));
  if (!file || !start.starts_with(magic)) throw input_error(fmt::format("{}: is not a .npy file", path.string()));
  const int version = static_cast<unsigned char>(start[magic.size()]);
  if (version < 1 || version > 3) refuse(path, "version", std::to_string(version), "1 to 3");
  std::uint64_t length = 0;
  for (unsigned i = 0; i < (version == 1 ? 2U : 4U); ++i) {
    length |= static_cast<std::uint64_t>(static_cast<unsigned char>(file.get())) << (8 * i);
  }
  if (!file || length > longest_header)
    refuse(path, "header length", std::to_string(length), fmt::format("at most {}", longest_header));
  return length;
}

}  // namespace

NpyReader::NpyReader(const std::filesystem::path& path) : path_(path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) throw input_error(fmt::format("{}: cannot be read: {}", path.string(), std::strerror(errno)));
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) {
    throw input_error(fmt::format("{}: is not a regular file, expected a .npy file", path.string()));
  }
  std::string header(static_cast<std::size_t>(read_header_length(file, path)), '\0');
  file.read(header.data(), static_cast<std::streamsize>(header.size()));
  if (!file) throw input_error(fmt::format("{}: ends within its header", path.string()));
  data_begin_ = static_cast<std::uint64_t>(file.tellg());

  const std::string_view type = between(value_of(header, "descr"), '\'', '\'');
  if (type != "<f4" && type != "<f8") refuse(path, "descr", shown(type), "<f4 or <f8");
  element_bytes_ = type == "<f4" ? 4 : 8;
  const std::string_view order = value_of(header, "fortran_order");
  if (!order.starts_with("False")) refuse(path, "fortran_order", shown(order.substr(0, order.find(','))), "False");
  const std::string_view shape = between(value_of(header, "shape"), '(', ')');
  std::string_view rest = shape;
  rows_ = take_count(rest);
  columns_ = take_comma(rest) ? take_count(rest) : 0;
  (void)take_comma(rest);
  if (rows_ == 0 || columns_ == 0 || !rest.empty() || rows_ > (std::uint64_t{1} << 60) / columns_ / 8) {
    refuse(path, "shape", fmt::format("({})", shown(shape)), "(rows, columns), both at least 1");
  }
  const std::uint64_t bytes = std::filesystem::file_size(path, error);
  const std::uint64_t expected = data_begin_ + rows_ * columns_ * element_bytes_;
  if (bytes != expected) refuse(path, "size", std::to_string(bytes), std::to_string(expected));
}

FactorMatrix64 NpyReader::read(RowRange rows) const {
  ALSACE_CHECK(rows.begin <= rows.end && rows.end <= rows_, fmt::format("rows [{}, {}]", rows.begin, rows.end));
  std::ifstream file(path_, std::ios::binary);
  file.seekg(static_cast<std::streamoff>(data_begin_ + rows.begin * columns_ * element_bytes_));
  FactorMatrix64 matrix(static_cast<Eigen::Index>(rows.size()), static_cast<Eigen::Index>(columns_));
  const auto bytes = static_cast<std::streamsize>(rows.size() * columns_ * element_bytes_);
  if (element_bytes_ == 8) {
    file.read(reinterpret_cast<char*>(matrix.data()), bytes);
  } else {
    FactorMatrix narrow(matrix.rows(), matrix.cols());
    file.read(reinterpret_cast<char*>(narrow.data()), bytes);
    matrix = narrow.cast<double>();
  }
  if (!file) throw input_error(fmt::format("{}: cannot be read to its end", path_.string()));
  for (Eigen::Index row = 0; row < matrix.rows(); ++row) {
    for (Eigen::Index column = 0; column < matrix.cols(); ++column) {
      if (std::isfinite(matrix(row, column))) continue;
      refuse(path_, fmt::format("element ({}, {})", rows.begin + static_cast<std::uint64_t>(row), column),
             fmt::format("{}", matrix(row, column)), "a finite number");
    }
  }
  return matrix;
}

NpyWriter::NpyWriter(const std::filesystem::path& path, std::string_view type, const std::string& shape,
                     std::uint64_t bytes)
    : file_(path), bytes_left_(bytes) {
  constexpr std::size_t alignment = 64;
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", type, shape);
  const std::size_t before = magic.size() + 4;
  header.append(alignment - (before + header.size() + 1) % alignment, ' ').push_back('\n');
  file_.write(magic);
  const std::size_t length = header.size();
  file_.write(std::string{'\1', '\0', static_cast<char>(length % 256), static_cast<char>(length / 256)});
  file_.write(header);
}

NpyWriter NpyWriter::matrix(const std::filesystem::path& path, std::uint64_t rows, std::uint64_t columns) {
  return {path, "<f4", fmt::format("{}, {}", rows, columns), rows * columns * sizeof(float)};
}

NpyWriter NpyWriter::vector(const std::filesystem::path& path, std::uint64_t rows) {
  return {path, "<f8", fmt::format("{},", rows), rows * sizeof(double)};
}

void NpyWriter::append(const FactorMatrix& rows) {
  append(rows.data(), static_cast<std::uint64_t>(rows.size()) * sizeof(float));
}

void NpyWriter::append(std::span<const double> rows) {
  append(rows.data(), rows.size_bytes());
}

void NpyWriter::append(const void* bytes, std::uint64_t count) {
  ALSACE_CHECK(count <= bytes_left_, fmt::format("{} bytes, {} left", count, bytes_left_));
  bytes_left_ -= count;
  file_.write({static_cast<const char*>(bytes), static_cast<std::size_t>(count)});
}

void NpyWriter::close() {
  ALSACE_CHECK(bytes_left_ == 0, fmt::format("{} bytes have not come", bytes_left_));
  file_.close();
}

}  // namespace alsace::io
