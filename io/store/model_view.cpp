#include "io/store/model_view.hpp"

#include <limits>
#include <string>

#include "io/store/atomic_publish.hpp"
#include "io/store/hdf5_dataset.hpp"
#include "io/store/model_manifest.hpp"
#include "io/store/store_schema.hpp"

namespace alsace::io {
namespace {

/// A dataset of the view: rows [at[s], at[s] + count[s]) come from the first count[s] rows of shard s.
struct ViewColumn {
  std::string path;
  hdf5::ElementType type;
  hdf5::Shape shape;
  std::vector<RowRange> parts;         ///< where each shard's rows go; may be empty
  std::vector<std::uint64_t> extents;  ///< rows of the dataset in each shard
};

void set_fill(const hdf5::Properties& properties, const std::string& where, hdf5::ElementType type) {
  constexpr float fp32 = std::numeric_limits<float>::quiet_NaN();
  constexpr double fp64 = std::numeric_limits<double>::quiet_NaN();
  constexpr std::uint32_t uint32 = std::numeric_limits<std::uint32_t>::max();
  constexpr std::uint64_t uint64 = std::numeric_limits<std::uint64_t>::max();
  const std::string text(type.bytes, '\0');
  const void* value = text.data();
  switch (type.kind) {
    case hdf5::ElementType::Kind::fp32:
      value = &fp32;
      break;
    case hdf5::ElementType::Kind::fp64:
      value = &fp64;
      break;
    case hdf5::ElementType::Kind::uint32:
      value = &uint32;
      break;
    case hdf5::ElementType::Kind::uint64:
      value = &uint64;
      break;
    case hdf5::ElementType::Kind::int64:
    case hdf5::ElementType::Kind::text:
      break;
  }
  const hdf5::Type element = hdf5::make_type(type);
  hdf5::check(H5Pset_fill_value(properties.get(), element.get(), value), where, "setting the fill value");
}

void write_column(const hdf5::File& file, const std::string& file_name, const ViewColumn& column,
                  const std::vector<StoredFile>& shards, const std::vector<std::string>& tokens) {
  const std::string where = file_name + ":" + column.path;
  hdf5::Properties properties(H5Pcreate(H5P_DATASET_CREATE), where, "making properties");
  hdf5::check(H5Pset_obj_track_times(properties.get(), false), where, "turning times off");
  set_fill(properties, where, column.type);
  const hdf5::Space view = hdf5::make_space(column.shape);
  for (std::size_t s = 0; s < shards.size(); ++s) {
    const RowRange part = column.parts[s];
    if (part.empty()) continue;
    const hdf5::Shape source_shape{column.extents[s], column.shape.columns};
    const hdf5::Space source = hdf5::make_space(source_shape);
    hdf5::select_rows(view, column.shape, part, where);
    hdf5::select_rows(source, source_shape, {0, part.size()}, where);
    const std::string path = std::string(schema::view_group) + "/" + tokens[s] + column.path;
    hdf5::check(H5Pset_virtual(properties.get(), view.get(), shards[s].name.c_str(), path.c_str(), source.get()), where,
                "mapping a shard");
  }
  hdf5::make_groups(file, file_name, column.path);
  const hdf5::Space whole = hdf5::make_space(column.shape);
  const hdf5::Type element = hdf5::make_type(column.type);
  hdf5::Dataset dataset(H5Dcreate2(file.get(), column.path.c_str(), element.get(), whole.get(), H5P_DEFAULT,
                                   properties.get(), H5P_DEFAULT),
                        where, "making the dataset");
  dataset.close(where, "writing");
}

ViewColumn row_column(const char* path, hdf5::ElementType type, hdf5::Shape shape,
                      const std::vector<StoredFile>& shards, RowRange StoredFile::*range) {
  ViewColumn column{path, type, shape, {}, {}};
  for (const StoredFile& shard : shards) {
    column.parts.push_back(shard.*range);
    column.extents.push_back((shard.*range).size());
  }
  return column;
}

/// A shard's last offset is the first of the next shard: only the last shard's is mapped.
ViewColumn offset_column(const ModelInfo& info, const std::vector<StoredFile>& shards) {
  ViewColumn column{schema::seen_indptr, hdf5::uint64, {info.users + 1, 0}, {}, {}};
  for (std::size_t s = 0; s < shards.size(); ++s) {
    const RowRange users = shards[s].users;
    column.parts.push_back({users.begin, users.end + (s + 1 == shards.size() ? 1 : 0)});
    column.extents.push_back(users.size() + 1);
  }
  return column;
}

ViewColumn first_shard_column(const char* path, const ModelInfo& info, std::size_t shards) {
  const auto factors = static_cast<std::uint64_t>(info.config.factors);
  ViewColumn column{path, hdf5::fp64, {factors, factors}, {}, {}};
  column.parts.resize(shards);
  column.extents.resize(shards);
  column.parts[0] = {0, factors};
  column.extents[0] = factors;
  return column;
}

std::vector<ViewColumn> view_columns(const ModelInfo& info, const std::vector<StoredFile>& shards,
                                     const IdWidths& widths) {
  const auto factors = static_cast<std::uint64_t>(info.config.factors);
  const auto users = &StoredFile::users;
  const auto items = &StoredFile::items;
  std::vector<ViewColumn> columns;
  columns.push_back(row_column(schema::user_ids, hdf5::ElementType::text(widths.user), {info.users, 0}, shards, users));
  columns.push_back(row_column(schema::item_ids, hdf5::ElementType::text(widths.item), {info.items, 0}, shards, items));
  columns.push_back(row_column(schema::user_factors, hdf5::fp32, {info.users, factors}, shards, users));
  columns.push_back(row_column(schema::item_factors, hdf5::fp32, {info.items, factors}, shards, items));
  if (has_biases(info.config)) {
    columns.push_back(row_column(schema::user_biases, hdf5::fp64, {info.users, 0}, shards, users));
    columns.push_back(row_column(schema::item_biases, hdf5::fp64, {info.items, 0}, shards, items));
  }
  columns.push_back(offset_column(info, shards));
  columns.push_back(
      row_column(schema::seen_indices, hdf5::uint32, {info.interactions, 0}, shards, &StoredFile::interactions));
  columns.push_back(first_shard_column(schema::user_gramian, info, shards.size()));
  columns.push_back(first_shard_column(schema::item_gramian, info, shards.size()));
  return columns;
}

}  // namespace

FileDigest write_model_view(const std::filesystem::path& directory, const ModelInfo& info,
                            const std::vector<StoredFile>& shards, const IdWidths& widths) {
  const std::filesystem::path path = directory / schema::view_file;
  const std::string name = path.string();
  std::vector<std::string> tokens;
  for (std::size_t s = 0; s < shards.size(); ++s) {
    tokens.push_back(
        view_token(info, static_cast<int>(s), static_cast<int>(shards.size()), shards[s].users, shards[s].items));
  }
  hdf5::File file = hdf5::create_file(path);
  for (const ViewColumn& column : view_columns(info, shards, widths)) write_column(file, name, column, shards, tokens);
  hdf5::check(H5Fflush(file.get(), H5F_SCOPE_GLOBAL), name, "writing");
  file.close(name, "closing");
  sync_and_drop(path);
  return digest_of(path);
}

}  // namespace alsace::io
