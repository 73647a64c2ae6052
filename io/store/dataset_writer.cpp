#include <fmt/format.h>

#include "io/store/atomic_publish.hpp"
#include "io/store/checkpoint_names.hpp"
#include "io/store/dataset_store.hpp"
#include "io/store/manifest_json.hpp"
#include "io/store/shard_writer.hpp"
#include "io/store/store_place.hpp"
#include "io/store/store_schema.hpp"
#include "src/error.hpp"

namespace alsace::io {
namespace {

namespace fs = std::filesystem;

fs::path staging_of(const fs::path& path) {
  return without_slash(path).string() + schema::staging_suffix;
}

bool is_store_file(const std::string& name) {
  const bool shard = name.starts_with("shard-") && name.ends_with(".h5");
  return shard || name == schema::view_file || name == schema::manifest_file;
}

/// Refuses what has the name of an interrupted import's directory, which is removed later on, and is not one.
void check_leftover(const fs::path& path) {
  const auto refuse = [&](const fs::path& foreign) {
    throw usage_error(fmt::format("{}: is not of Alsace, expected {} to be free for a data set that is being written",
                                  foreign.string(), path.string()));
  };
  try {
    const fs::file_status status = fs::symlink_status(path);
    if (!fs::exists(status)) return;
    if (!fs::is_directory(status)) refuse(path);
    for (const fs::directory_entry& entry : fs::directory_iterator(path)) {
      if (!is_store_file(entry.path().filename().string()) || !entry.is_regular_file()) refuse(entry.path());
    }
  } catch (const fs::filesystem_error& error) {
    throw storage_error(fmt::format("{}: reading the directory failed: {}", path.string(), error.code().message()));
  }
}

/// Throws ErrorKind::usage unless `path` is free, an empty directory, or a data set that may be overwritten.
void check_replaceable(const fs::path& path, bool overwrite) {
  std::error_code error;
  const fs::file_status status = fs::symlink_status(path, error);
  if (!fs::exists(status)) return;
  const bool stored = fs::is_directory(status) && has_format(path, schema::dataset_format);
  if (!stored && !(fs::is_directory(status) && fs::is_empty(path, error))) {
    throw usage_error(fmt::format("{}: exists and is not a data set, expected a name that is free", path.string()));
  }
  if (stored && !overwrite) {
    throw usage_error(fmt::format("{}: exists, expected a name that is free or --overwrite", path.string()));
  }
}

}  // namespace

bool is_dataset(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path / schema::manifest_file, error) && !has_format(path, schema::model_format);
}

fs::path stage_dataset(const fs::path& path, bool overwrite) {
  refuse_inside_store(path);
  check_replaceable(without_slash(path), overwrite);
  check_leftover(aside_of(without_slash(path)));
  check_leftover(staging_of(path));
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

  const std::string name = shard_name(shard);
  ShardFileWriter writer(staging / name);
  writer.write(id_column(schema::user_ids, data.user_ids, widths.user));
  writer.write(id_column(schema::item_ids, data.item_ids, widths.item));
  writer.write(offset_column(schema::indptr, rows.offsets, data.first_interaction));
  writer.write(array_column(schema::indices, hdf5::uint32, {stored, 0}, rows.columns.data()));
  writer.write(array_column(schema::values, hdf5::fp32, {stored, 0}, rows.values.data()));
  if (!data.timestamps.empty()) {
    writer.write(array_column(schema::timestamps, hdf5::int64, {stored, 0}, data.timestamps.data()));
  }
  const FileDigest digest = writer.finish("");
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
  publish_directory(staging, without_slash(path));
}

void discard_dataset(const fs::path& path) noexcept {
  std::error_code error;
  fs::remove_all(staging_of(path), error);
}

}  // namespace alsace::io
