#include "io/store/shard_writer.hpp"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "io/store/atomic_publish.hpp"
#include "src/error.hpp"

namespace alsace::io {
namespace {

constexpr std::uint64_t chunks_of_a_block = 8;

/// Calls `work` for the rows of a column, a block of whole chunks at a time.
template <class Work>
void for_each_block(const Column& column, const Work& work) {
  const std::uint64_t step = chunks_of_a_block * hdf5::chunk_rows(column.type, column.shape);
  for (std::uint64_t begin = 0; begin < column.shape.rows; begin += step) {
    work(RowRange{begin, std::min(begin + step, column.shape.rows)});
  }
}

void write_columns(const std::filesystem::path& path, const std::vector<Column>& columns, const std::string& alias) {
  const std::string name = path.string();
  hdf5::File file = hdf5::create_file(path);
  std::vector<char> scratch;
  for (const Column& column : columns) {
    const std::string where = name + ":" + column.path;
    hdf5::Dataset dataset = hdf5::create_dataset(file, name, column.path, column.type, column.shape);
    for_each_block(column, [&](RowRange rows) {
      hdf5::write_rows(dataset, where, column.type, column.shape, rows, column.rows(rows, scratch));
    });
    dataset.close(where, "writing");
    if (alias.empty()) continue;
    const std::string link = alias + column.path;
    hdf5::make_groups(file, name, link);
    hdf5::check(H5Lcreate_hard(file.get(), column.path.c_str(), file.get(), link.c_str(), H5P_DEFAULT, H5P_DEFAULT),
                name + ":" + link, "making the link");
  }
  hdf5::check(H5Fflush(file.get(), H5F_SCOPE_GLOBAL), name, "writing");
  file.close(name, "closing");
}

void compare_columns(const std::filesystem::path& path, const std::vector<Column>& columns) {
  const std::string name = path.string();
  hdf5::File file = hdf5::open_file(path);
  std::vector<char> scratch;
  std::vector<char> stored;
  for (const Column& column : columns) {
    const std::string where = name + ":" + column.path;
    const hdf5::Dataset dataset = hdf5::open_dataset(file, name, column.path, column.type, column.shape);
    const std::uint64_t row_bytes = column.type.bytes * column.shape.row_elements();
    for_each_block(column, [&](RowRange rows) {
      stored.resize(static_cast<std::size_t>(rows.size() * row_bytes));
      hdf5::read_rows(dataset, where, column.type, column.shape, rows, stored.data());
      if (std::memcmp(stored.data(), column.rows(rows, scratch), stored.size()) != 0) {
        throw storage_error(
            fmt::format("{}: rows {} to {} read back differ from what was written", where, rows.begin, rows.end));
      }
    });
  }
}

}  // namespace

Column array_column(std::string path, hdf5::ElementType type, hdf5::Shape shape, const void* data) {
  const std::size_t row_bytes = static_cast<std::size_t>(type.bytes * shape.row_elements());
  return {std::move(path), type, shape, [data, row_bytes](RowRange rows, std::vector<char>&) -> const void* {
            return static_cast<const char*>(data) + static_cast<std::size_t>(rows.begin) * row_bytes;
          }};
}

Column id_column(std::string path, const IdList& ids, std::uint64_t width) {
  ALSACE_CHECK(ids.longest() <= width, fmt::format("{}: id of {} bytes, width {}", path, ids.longest(), width));
  return {std::move(path),
          hdf5::ElementType::text(width),
          {ids.size(), 0},
          [&ids, width](RowRange rows, std::vector<char>& scratch) -> const void* {
            scratch.assign(static_cast<std::size_t>(rows.size() * width), '\0');
            for (std::uint64_t row = rows.begin; row < rows.end; ++row) {
              const std::string_view id = ids[static_cast<std::size_t>(row)];
              std::copy(id.begin(), id.end(), scratch.data() + (row - rows.begin) * width);
            }
            return scratch.data();
          }};
}

FileDigest write_shard_file(const std::filesystem::path& file, const std::vector<Column>& columns,
                            const std::string& alias) {
  write_columns(file, columns, alias);
  sync_and_drop(file);
  compare_columns(file, columns);
  return digest_of(file);
}

}  // namespace alsace::io
