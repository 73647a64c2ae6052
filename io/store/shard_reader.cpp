#include "io/store/shard_reader.hpp"

#include <algorithm>
#include <cmath>
#include <type_traits>

#include <fmt/format.h>

#include "io/store/store_schema.hpp"
#include "src/error.hpp"

namespace alsace::io {
namespace {

template <class T>
constexpr hdf5::ElementType element_type() {
  if constexpr (std::is_same_v<T, float>) return hdf5::fp32;
  if constexpr (std::is_same_v<T, double>) return hdf5::fp64;
  if constexpr (std::is_same_v<T, std::uint32_t>) return hdf5::uint32;
  if constexpr (std::is_same_v<T, std::uint64_t>) return hdf5::uint64;
  if constexpr (std::is_same_v<T, std::int64_t>) return hdf5::int64;
}

template <class T>
void check_finite(const std::string& where, const T* values, std::uint64_t count, std::uint64_t first) {
  for (std::uint64_t i = 0; i < count; ++i) {
    if (!std::isfinite(values[i])) {
      throw storage_error(fmt::format("{}: element {} = {}, expected a finite number", where, first + i, values[i]));
    }
  }
}

}  // namespace

RowRange local_part(RowRange range, RowRange shard) {
  const std::uint64_t begin = std::max(range.begin, shard.begin);
  const std::uint64_t end = std::min(range.end, shard.end);
  return begin < end ? RowRange{begin - shard.begin, end - shard.begin} : RowRange{};
}

void check_range(RowRange range, std::uint64_t rows) {
  ALSACE_CHECK(range.begin <= range.end && range.end <= rows,
               fmt::format("range = [{}, {}] of {} rows", range.begin, range.end, rows));
}

ShardReader::ShardReader(const std::filesystem::path& directory, const StoredFile& file)
    : name_((directory / file.name).string()), stored_(file), file_(hdf5::open_file(directory / file.name)) {}

void ShardReader::append_ids(const char* path, std::uint64_t shard_rows, RowRange rows, IdList& ids) const {
  const std::uint64_t width = hdf5::text_width(file_, name_, path);
  if (width > schema::widest_id) {
    throw storage_error(fmt::format("{}: width = {}, expected 1 to {}", where(path), width, schema::widest_id));
  }
  const hdf5::ElementType type = hdf5::ElementType::text(width);
  const hdf5::Shape shape{shard_rows, 0};
  const hdf5::Dataset dataset = hdf5::open_dataset(file_, name_, path, type, shape);
  std::vector<char> text(static_cast<std::size_t>(rows.size() * width));
  hdf5::read_rows(dataset, where(path), type, shape, rows, text.data());
  for (std::uint64_t row = 0; row < rows.size(); ++row) {
    const std::string_view padded(text.data() + row * width, static_cast<std::size_t>(width));
    const std::string_view id = padded.substr(0, padded.find('\0'));
    const bool padding_only = padded.find_first_not_of('\0', id.size()) == std::string_view::npos;
    if (id.empty() || !padding_only) {
      throw storage_error(fmt::format("{}: element {} is {}, expected an id", where(path), rows.begin + row,
                                      id.empty() ? "empty" : "an id with a NUL inside"));
    }
    ids.push_back(id);
  }
}

std::vector<std::uint64_t> ShardReader::read_offsets(const char* path, RowRange rows) const {
  const hdf5::Shape shape{stored_.users.size() + 1, 0};
  const hdf5::Dataset dataset = hdf5::open_dataset(file_, name_, path, hdf5::uint64, shape);
  std::vector<std::uint64_t> offsets(static_cast<std::size_t>(rows.size() + 1));
  hdf5::read_rows(dataset, where(path), hdf5::uint64, shape, {rows.begin, rows.end + 1}, offsets.data());

  const RowRange all = stored_.interactions;
  const auto refuse = [&](std::uint64_t row, std::uint64_t low, std::uint64_t high) {
    throw storage_error(fmt::format("{}: element {} = {}, expected {} to {}", where(path), rows.begin + row,
                                    offsets[static_cast<std::size_t>(row)], low, high));
  };
  if (rows.begin == 0 && offsets.front() != all.begin) refuse(0, all.begin, all.begin);
  if (rows.end == stored_.users.size() && offsets.back() != all.end) refuse(rows.size(), all.end, all.end);
  std::uint64_t low = all.begin;
  for (std::uint64_t row = 0; row <= rows.size(); ++row) {
    const std::uint64_t offset = offsets[static_cast<std::size_t>(row)];
    if (offset < low || offset > all.end) refuse(row, low, all.end);
    low = offset;
  }
  return offsets;
}

template <class T>
void ShardReader::append_interactions(const char* path, RowRange elements, std::vector<T>& values) const {
  const hdf5::Shape shape{stored_.interactions.size(), 0};
  const hdf5::Dataset dataset = hdf5::open_dataset(file_, name_, path, element_type<T>(), shape);
  const std::size_t before = values.size();
  const RowRange local{elements.begin - stored_.interactions.begin, elements.end - stored_.interactions.begin};
  values.resize(before + static_cast<std::size_t>(local.size()));
  hdf5::read_rows(dataset, where(path), element_type<T>(), shape, local, values.data() + before);
  if constexpr (std::is_floating_point_v<T>) {
    check_finite(where(path), values.data() + before, local.size(), local.begin);
  }
}
template void ShardReader::append_interactions(const char*, RowRange, std::vector<float>&) const;
template void ShardReader::append_interactions(const char*, RowRange, std::vector<std::uint32_t>&) const;
template void ShardReader::append_interactions(const char*, RowRange, std::vector<std::int64_t>&) const;

template <class T>
void ShardReader::read_numbers(const char* path, hdf5::Shape shape, RowRange rows, T* to) const {
  const hdf5::Dataset dataset = hdf5::open_dataset(file_, name_, path, element_type<T>(), shape);
  hdf5::read_rows(dataset, where(path), element_type<T>(), shape, rows, to);
  check_finite(where(path), to, rows.size() * shape.row_elements(), rows.begin * shape.row_elements());
}
template void ShardReader::read_numbers(const char*, hdf5::Shape, RowRange, float*) const;
template void ShardReader::read_numbers(const char*, hdf5::Shape, RowRange, double*) const;

void ShardReader::check_columns(const char* path, const std::vector<std::uint64_t>& offsets,
                                const std::uint32_t* columns, std::uint64_t items) const {
  const std::uint64_t first = offsets.front();
  for (std::size_t row = 0; row + 1 < offsets.size(); ++row) {
    for (std::uint64_t at = offsets[row] - first; at < offsets[row + 1] - first; ++at) {
      const bool begins = at == offsets[row] - first;
      if (columns[at] < items && (begins || columns[at - 1] < columns[at])) continue;
      const std::uint64_t low = begins ? 0 : std::uint64_t{columns[at - 1]} + 1;
      throw storage_error(fmt::format("{}: element {} = {}, expected {} to {}", where(path),
                                      first + at - stored_.interactions.begin, columns[at], low,
                                      static_cast<std::int64_t>(items) - 1));
    }
  }
}

}  // namespace alsace::io
