#include "io/store/dataset_store.hpp"
#include "io/store/manifest_json.hpp"
#include "io/store/shard_reader.hpp"
#include "io/store/store_schema.hpp"

namespace alsace::io {
DatasetReader::DatasetReader(const std::filesystem::path& path) : path_(path) {
  const Json json = read_manifest(path, schema::dataset_format);
  const std::string where = (path / schema::manifest_file).string();
  info_.users = count_of(json, "users", where);
  info_.items = count_of(json, "items", where);
  info_.interactions = count_of(json, "interactions", where);
  info_.has_timestamps = flag_of(json, "has_timestamps", where);
  info_.fingerprint = io::fingerprint_of(json, "fingerprint", where);
  const Json& origin = member_of(json, "origin", where);
  for (const auto& [name, value] : origin.items()) info_.origin[name] = text_of(origin, name.c_str(), where);
  files_ = files_of(json, {info_.users, info_.items, info_.interactions}, "", where);
}

void DatasetReader::verify_files(int first, int stride) const {
  io::verify_files(path_, files_, first, stride);
}

std::vector<std::uint64_t> DatasetReader::read_lengths(RowRange users) const {
  check_range(users, info_.users);
  std::vector<std::uint64_t> lengths;
  for (const StoredFile& file : files_) {
    const RowRange rows = local_part(users, file.users);
    if (rows.empty()) continue;
    const std::vector<std::uint64_t> offsets = ShardReader(path_, file).read_offsets(schema::indptr, rows);
    for (std::size_t i = 0; i + 1 < offsets.size(); ++i) lengths.push_back(offsets[i + 1] - offsets[i]);
  }
  return lengths;
}

DatasetShard DatasetReader::read(RowRange users, RowRange items) const {
  check_range(users, info_.users);
  check_range(items, info_.items);
  DatasetShard data;
  data.users = info_.users;
  data.items = info_.items;
  data.interactions = info_.interactions;
  data.by_user.first_row = users.begin;
  data.first_item = items.begin;
  // Room at once: growing shard by shard would hold everything twice. What a part of a shard leaves is never touched.
  std::uint64_t most = 0;
  for (const StoredFile& file : files_) most += local_part(users, file.users).empty() ? 0 : file.interactions.size();
  data.by_user.columns.reserve(static_cast<std::size_t>(most));
  data.by_user.values.reserve(static_cast<std::size_t>(most));
  if (info_.has_timestamps) data.timestamps.reserve(static_cast<std::size_t>(most));
  bool first = true;
  for (const StoredFile& file : files_) {
    const RowRange rows = local_part(users, file.users);
    const RowRange item_rows = local_part(items, file.items);
    if (rows.empty() && item_rows.empty()) continue;
    const ShardReader shard(path_, file);
    if (!item_rows.empty()) shard.append_ids(schema::item_ids, file.items.size(), item_rows, data.item_ids);
    if (rows.empty()) continue;
    shard.append_ids(schema::user_ids, file.users.size(), rows, data.user_ids);
    const std::vector<std::uint64_t> offsets = shard.read_offsets(schema::indptr, rows);
    if (first) data.first_interaction = offsets.front();
    first = false;
    SparseRows& by_user = data.by_user;
    const std::size_t before = by_user.columns.size();
    for (std::size_t i = 1; i < offsets.size(); ++i) {
      by_user.offsets.push_back(before + offsets[i] - offsets.front());
    }
    const RowRange elements{offsets.front(), offsets.back()};
    shard.append_interactions(schema::indices, elements, by_user.columns);
    shard.check_columns(schema::indices, offsets, by_user.columns.data() + before, info_.items);
    shard.append_interactions(schema::values, elements, by_user.values);
    // A shard without interactions cannot tell that the others have timestamps.
    if (info_.has_timestamps && !elements.empty())
      shard.append_interactions(schema::timestamps, elements, data.timestamps);
  }
  return data;
}

}  // namespace alsace::io
