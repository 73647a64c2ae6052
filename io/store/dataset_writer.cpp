#include <fmt/format.h>

#include "io/store/atomic_publish.hpp"
#include "io/store/dataset_store.hpp"
#include "io/store/manifest_json.hpp"
#include "io/store/shard_writer.hpp"
#include "io/store/store_schema.hpp"
#include "src/error.hpp"

namespace alsace::io {
namespace {

namespace fs = std::filesystem;

/// Without a trailing slash, so that a suffix can be added to the name.
fs::path plain(const fs::path& path) {
  return path.has_filename() ? path : path.parent_path();
}

fs::path staging_of(const fs::path& path) {
  return plain(path).string() + schema::staging_suffix;
}

}  // namespace

bool is_dataset(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path / schema::manifest_file, error);
}

fs::path stage_dataset(const fs::path& path, bool overwrite) {
  if (fs::exists(fs::symlink_status(plain(path)))) {
    const bool replaceable = fs::is_directory(fs::symlink_status(plain(path))) &&
                             (is_dataset(path) ? stored_format(path) != schema::model_format : fs::is_empty(path));
    if (!replaceable) {
      throw usage_error(fmt::format("{}: exists and is not a data set, expected a name that is free", path.string()));
    }
    if (!overwrite && is_dataset(path)) {
      throw usage_error(fmt::format("{}: exists, expected a name that is free or --overwrite", path.string()));
    }
  }
  make_empty_directory(staging_of(path));
  return staging_of(path);
}

StoredFile write_dataset_shard(const fs::path& staging, int shard, const DatasetShard& data, const IdWidths& widths) {
  const SparseRows& rows = data.by_user;
  const std::uint64_t stored = rows.nonzeros();
  ALSACE_CHECK(rows.values.size() == stored, fmt::format("values = {}", rows.values.size()));
  ALSACE_CHECK(data.user_ids.size() == rows.rows(), fmt::format("user ids = {}", data.user_ids.size()));
  ALSACE_CHECK(data.timestamps.empty() || data.timestamps.size() == stored,
               fmt::format("timestamps = {}", data.timestamps.size()));

  std::vector<std::uint64_t> offsets = rows.offsets;
  for (std::uint64_t& offset : offsets) offset += data.first_interaction;
  std::vector<Column> columns;
  columns.push_back(id_column(schema::user_ids, data.user_ids, widths.user));
  columns.push_back(id_column(schema::item_ids, data.item_ids, widths.item));
  columns.push_back(array_column(schema::indptr, hdf5::uint64, {offsets.size(), 0}, offsets.data()));
  columns.push_back(array_column(schema::indices, hdf5::uint32, {stored, 0}, rows.columns.data()));
  columns.push_back(array_column(schema::values, hdf5::fp32, {stored, 0}, rows.values.data()));
  if (!data.timestamps.empty()) {
    columns.push_back(array_column(schema::timestamps, hdf5::int64, {stored, 0}, data.timestamps.data()));
  }
  const std::string name = shard_name(shard);
  const FileDigest digest = write_shard_file(staging / name, columns, "");
  return {name,         digest.bytes,      digest.xxh3_128,
          rows.range(), data.item_range(), {data.first_interaction, data.first_interaction + stored}};
}

void publish_dataset(const fs::path& path, const DatasetInfo& info, const std::vector<StoredFile>& files) {
  const fs::path staging = staging_of(path);
  check_ranges(files, {info.users, info.items, info.interactions}, staging.string());
  Json json;
  json["users"] = info.users;
  json["items"] = info.items;
  json["interactions"] = info.interactions;
  json["has_timestamps"] = info.has_timestamps;
  json["fingerprint"] = to_hex(info.fingerprint);
  json["origin"] = info.origin;
  json["files"] = to_json(files);
  write_file(staging / schema::manifest_file, sign_manifest(schema::dataset_format, json));
  publish_directory(staging, plain(path));
}

void discard_dataset(const fs::path& path) noexcept {
  std::error_code error;
  fs::remove_all(staging_of(path), error);
}

}  // namespace alsace::io
