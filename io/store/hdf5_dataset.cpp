#include "io/store/hdf5_dataset.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "src/error.hpp"

namespace alsace::io::hdf5 {
namespace {

constexpr std::uint64_t chunk_bytes = std::uint64_t{1} << 20;
constexpr unsigned deflate_level = 1;

hid_t plain_type(ElementType::Kind kind) {
  switch (kind) {
    case ElementType::Kind::fp32:
      return H5T_IEEE_F32LE;
    case ElementType::Kind::fp64:
      return H5T_IEEE_F64LE;
    case ElementType::Kind::uint32:
      return H5T_STD_U32LE;
    case ElementType::Kind::uint64:
      return H5T_STD_U64LE;
    case ElementType::Kind::int64:
      return H5T_STD_I64LE;
    case ElementType::Kind::text:
      return H5T_C_S1;
  }
  return H5I_INVALID_HID;
}

/// The memory and file spaces of a run of rows.
struct Selection {
  Selection(const std::string& where, const Shape& shape, RowRange rows)
      : file(make_space(shape)), memory(make_space({rows.size(), shape.columns})) {
    select_rows(file, shape, rows, where);
  }
  Space file;
  Space memory;
};

Properties access_properties() {
  Properties access(H5Pcreate(H5P_FILE_ACCESS), "HDF5", "making access properties");
  // With older bounds some objects carry no checksum: flipped bits went unseen.
  check(H5Pset_libver_bounds(access.get(), H5F_LIBVER_V110, H5F_LIBVER_V110), "HDF5", "setting the format");
  // Lustre and NFS are often mounted without locks; a store is written under a name of its own and never changed.
  check(H5Pset_file_locking(access.get(), true, true), "HDF5", "setting the locking");
  check(H5Pset_fclose_degree(access.get(), H5F_CLOSE_STRONG), "HDF5", "setting the close degree");
  return access;
}

void check_hard_links(const File& file, const std::string& file_name, const std::string& path) {
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string prefix = path.substr(0, end);
    H5L_info_t info{};
    if (H5Lget_info(file.get(), prefix.c_str(), &info, H5P_DEFAULT) < 0) {
      H5Eclear2(H5E_DEFAULT);
      throw storage_error(fmt::format("{}:{}: is missing", file_name, prefix));
    }
    if (info.type != H5L_TYPE_HARD) {
      throw storage_error(fmt::format("{}:{}: is a soft or external link, expected a hard one", file_name, prefix));
    }
    if (end == std::string::npos) return;
  }
}

void check_storage(const Dataset& dataset, const std::string& where) {
  const Properties properties(H5Dget_create_plist(dataset.get()), where, "reading the properties");
  const H5D_layout_t layout = H5Pget_layout(properties.get());
  if (layout != H5D_CHUNKED && layout != H5D_CONTIGUOUS) {
    throw storage_error(
        fmt::format("{}: layout = {}, expected chunked or contiguous", where, static_cast<int>(layout)));
  }
  if (const int external = H5Pget_external_count(properties.get()); external != 0) {
    throw storage_error(fmt::format("{}: external files = {}, expected 0", where, external));
  }
  const int filters = H5Pget_nfilters(properties.get());
  for (int i = 0; i < filters; ++i) {
    unsigned flags = 0;
    std::size_t values = 0;
    const H5Z_filter_t filter =
        H5Pget_filter2(properties.get(), static_cast<unsigned>(i), &flags, &values, nullptr, 0, nullptr, nullptr);
    if (filter != H5Z_FILTER_SHUFFLE && filter != H5Z_FILTER_DEFLATE && filter != H5Z_FILTER_FLETCHER32) {
      throw storage_error(fmt::format("{}: filter = {}, expected shuffle, deflate or fletcher32", where, filter));
    }
  }
}

std::string to_text(const Shape& shape) {
  return shape.columns == 0 ? fmt::format("{}", shape.rows) : fmt::format("{} x {}", shape.rows, shape.columns);
}

}  // namespace

Type make_type(ElementType type) {
  Type made(H5Tcopy(plain_type(type.kind)), "HDF5", "copying a type");
  if (type.kind == ElementType::Kind::text) {
    check(H5Tset_size(made.get(), type.bytes), "HDF5", "setting the width of ids");
    check(H5Tset_strpad(made.get(), H5T_STR_NULLPAD), "HDF5", "setting the padding of ids");
    check(H5Tset_cset(made.get(), H5T_CSET_UTF8), "HDF5", "setting the character set of ids");
  }
  return made;
}

Space make_space(const Shape& shape) {
  const std::array<hsize_t, 2> extent{shape.rows, shape.columns};
  return Space(H5Screate_simple(shape.columns == 0 ? 1 : 2, extent.data(), nullptr), "HDF5", "making a space");
}

void select_rows(const Space& space, const Shape& shape, RowRange rows, const std::string& where) {
  const std::array<hsize_t, 2> start{rows.begin, 0};
  const std::array<hsize_t, 2> count{rows.size(), shape.row_elements()};
  check(H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr), where,
        "selecting rows");
}

File create_file(const std::filesystem::path& path) {
  initialize();
  const Properties access = access_properties();
  const Properties creation(H5Pcreate(H5P_FILE_CREATE), "HDF5", "making creation properties");
  check(H5Pset_obj_track_times(creation.get(), false), "HDF5", "turning times off");
  return File(H5Fcreate(path.c_str(), H5F_ACC_EXCL, creation.get(), access.get()), path.string(), "creating the file");
}

File open_file(const std::filesystem::path& path) {
  initialize();
  if (!std::filesystem::is_regular_file(std::filesystem::symlink_status(path))) {
    throw storage_error(fmt::format("{}: is missing or not a regular file", path.string()));
  }
  const Properties access = access_properties();
  return File(H5Fopen(path.c_str(), H5F_ACC_RDONLY, access.get()), path.string(), "opening the file");
}

void make_groups(const File& file, const std::string& file_name, const std::string& path) {
  const Properties creation(H5Pcreate(H5P_GROUP_CREATE), "HDF5", "making group properties");
  check(H5Pset_obj_track_times(creation.get(), false), "HDF5", "turning times off");
  for (std::size_t end = path.find('/', 1); end != std::string::npos; end = path.find('/', end + 1)) {
    const std::string group = path.substr(0, end);
    if (H5Lexists(file.get(), group.c_str(), H5P_DEFAULT) > 0) continue;
    const std::string where = file_name + ":" + group;
    Group made(H5Gcreate2(file.get(), group.c_str(), H5P_DEFAULT, creation.get(), H5P_DEFAULT), where,
               "making the group");
    made.close(where, "closing the group");
  }
}

std::uint64_t chunk_rows(ElementType type, const Shape& shape) {
  const std::uint64_t row_bytes = type.bytes * shape.row_elements();
  return std::clamp<std::uint64_t>(chunk_bytes / row_bytes, 1, std::max<std::uint64_t>(shape.rows, 1));
}

Properties dataset_properties(ElementType type, const Shape& shape) {
  Properties properties(H5Pcreate(H5P_DATASET_CREATE), "HDF5", "making dataset properties");
  check(H5Pset_obj_track_times(properties.get(), false), "HDF5", "turning times off");
  if (shape.rows == 0) return properties;
  const std::array<hsize_t, 2> chunk{chunk_rows(type, shape), shape.columns};
  check(H5Pset_chunk(properties.get(), shape.columns == 0 ? 1 : 2, chunk.data()), "HDF5", "setting the chunk shape");
  if (type.kind == ElementType::Kind::text) {
    check(H5Pset_shuffle(properties.get()), "HDF5", "setting the shuffle filter");
    check(H5Pset_deflate(properties.get(), deflate_level), "HDF5", "setting the deflate filter");
  }
  check(H5Pset_fletcher32(properties.get()), "HDF5", "setting the fletcher32 filter");
  return properties;
}

Dataset create_dataset(const File& file, const std::string& file_name, const std::string& path, ElementType type,
                       const Shape& shape) {
  make_groups(file, file_name, path);
  const Properties properties = dataset_properties(type, shape);
  const Type element = make_type(type);
  const Space space = make_space(shape);
  return Dataset(
      H5Dcreate2(file.get(), path.c_str(), element.get(), space.get(), H5P_DEFAULT, properties.get(), H5P_DEFAULT),
      file_name + ":" + path, "making the dataset");
}

Dataset open_dataset(const File& file, const std::string& file_name, const std::string& path, ElementType type,
                     const Shape& shape) {
  const std::string where = file_name + ":" + path;
  check_hard_links(file, file_name, path);
  Dataset dataset(H5Dopen2(file.get(), path.c_str(), H5P_DEFAULT), where, "opening the dataset");
  check_storage(dataset, where);

  const Type stored(H5Dget_type(dataset.get()), where, "reading the type");
  const Type expected = make_type(type);
  if (H5Tequal(stored.get(), expected.get()) <= 0) {
    throw storage_error(
        fmt::format("{}: type = {} bytes of class {}, expected {} bytes of class {} as the schema has it", where,
                    H5Tget_size(stored.get()), static_cast<int>(H5Tget_class(stored.get())), type.bytes,
                    static_cast<int>(H5Tget_class(expected.get()))));
  }
  const Space space(H5Dget_space(dataset.get()), where, "reading the shape");
  std::array<hsize_t, 2> extent{0, 0};
  const int dimensions = H5Sget_simple_extent_ndims(space.get());
  if (dimensions != (shape.columns == 0 ? 1 : 2)) {
    throw storage_error(fmt::format("{}: dimensions = {}, expected {}", where, dimensions, shape.columns == 0 ? 1 : 2));
  }
  check(H5Sget_simple_extent_dims(space.get(), extent.data(), nullptr), where, "reading the shape");
  const Shape found{extent[0], extent[1]};
  if (found != shape) {
    throw storage_error(fmt::format("{}: shape = {}, expected {}", where, to_text(found), to_text(shape)));
  }
  return dataset;
}

std::uint64_t text_width(const File& file, const std::string& file_name, const std::string& path) {
  const std::string where = file_name + ":" + path;
  check_hard_links(file, file_name, path);
  const Dataset dataset(H5Dopen2(file.get(), path.c_str(), H5P_DEFAULT), where, "opening the dataset");
  const Type stored(H5Dget_type(dataset.get()), where, "reading the type");
  const bool text = H5Tget_class(stored.get()) == H5T_STRING && H5Tis_variable_str(stored.get()) == 0;
  if (!text) throw storage_error(fmt::format("{}: type is not text of a fixed width", where));
  return H5Tget_size(stored.get());
}

void write_chunk(const Dataset& dataset, const std::string& where, const Shape& shape, std::uint64_t first_row,
                 std::span<const char> chunk) {
  const std::array<hsize_t, 2> offset{first_row, 0};
  ALSACE_CHECK(first_row < shape.rows, fmt::format("{}: chunk at row {} of {}", where, first_row, shape.rows));
  constexpr std::uint32_t no_filter_skipped = 0;
  check(H5Dwrite_chunk(dataset.get(), H5P_DEFAULT, no_filter_skipped, offset.data(), chunk.size(), chunk.data()), where,
        "writing");
}

ChunkPlace chunk_place(const Dataset& dataset, const std::string& where, const Shape& shape, std::uint64_t first_row) {
  const std::array<hsize_t, 2> offset{first_row, 0};
  ALSACE_CHECK(first_row < shape.rows, fmt::format("{}: chunk at row {} of {}", where, first_row, shape.rows));
  unsigned skipped = 0;
  haddr_t begin = HADDR_UNDEF;
  hsize_t bytes = 0;
  check(H5Dget_chunk_info_by_coord(dataset.get(), offset.data(), &skipped, &begin, &bytes), where, "finding a chunk");
  if (begin == HADDR_UNDEF) throw storage_error(fmt::format("{}: chunk at row {} is missing", where, first_row));
  return {begin, bytes};
}

void write_rows(const Dataset& dataset, const std::string& where, ElementType type, const Shape& shape, RowRange rows,
                const void* from) {
  if (rows.empty()) return;
  const Selection selection(where, shape, rows);
  const Type element = make_type(type);
  check(H5Dwrite(dataset.get(), element.get(), selection.memory.get(), selection.file.get(), H5P_DEFAULT, from), where,
        "writing");
}

void read_rows(const Dataset& dataset, const std::string& where, ElementType type, const Shape& shape, RowRange rows,
               void* to) {
  if (rows.empty()) return;
  const Selection selection(where, shape, rows);
  const Type element = make_type(type);
  check(H5Dread(dataset.get(), element.get(), selection.memory.get(), selection.file.get(), H5P_DEFAULT, to), where,
        "reading");
}

}  // namespace alsace::io::hdf5
