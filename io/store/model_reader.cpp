#include "io/store/hdf5_dataset.hpp"
#include "io/store/model_manifest.hpp"
#include "io/store/model_store.hpp"
#include "io/store/shard_reader.hpp"
#include "io/store/store_schema.hpp"

namespace alsace::io {
namespace {

/// Paths of one side of a model.
struct SidePaths {
  const char* ids;
  const char* factors;
  const char* biases;
};
constexpr SidePaths user_paths{schema::user_ids, schema::user_factors, schema::user_biases};
constexpr SidePaths item_paths{schema::item_ids, schema::item_factors, schema::item_biases};

/// What one side of a ModelShard consists of.
struct Side {
  IdList& ids;
  FactorMatrix& factors;
  std::vector<double>& biases;
};

/// Reads the rows `rows` of a shard, the next ones of `side` from row `at` on.
void read_side(const ShardReader& shard, const SidePaths& paths, const TrainConfig& config, std::uint64_t shard_rows,
               RowRange rows, std::uint64_t at, bool ids, bool factors, const Side& side) {
  if (rows.empty()) return;
  if (ids) shard.append_ids(paths.ids, shard_rows, rows, side.ids);
  if (!factors) return;
  const auto columns = static_cast<std::uint64_t>(config.factors);
  shard.read_numbers(paths.factors, {shard_rows, columns}, rows, side.factors.data() + at * columns);
  if (has_biases(config)) shard.read_numbers(paths.biases, {shard_rows, 0}, rows, side.biases.data() + at);
}

/// Appends the seen items of the users `rows` of a shard. Returns where they begin, counted over all shards.
std::uint64_t read_seen(const ShardReader& shard, RowRange rows, std::uint64_t items, ModelShard& data) {
  const std::vector<std::uint64_t> offsets = shard.read_offsets(schema::seen_indptr, rows);
  const std::size_t before = data.seen_items.size();
  for (std::size_t i = 1; i < offsets.size(); ++i) {
    data.seen_offsets.push_back(before + offsets[i] - offsets.front());
  }
  shard.append_interactions(schema::seen_indices, {offsets.front(), offsets.back()}, data.seen_items);
  shard.check_columns(schema::seen_indices, offsets, data.seen_items.data() + before, items);
  return offsets.front();
}

}  // namespace

ModelReader::ModelReader(const std::filesystem::path& checkpoint) : path_(checkpoint), lock_(checkpoint) {
  ModelManifest manifest = read_model_manifest(checkpoint);
  info_ = std::move(manifest.info);
  files_ = std::move(manifest.files);
}

void ModelReader::verify_files(int first, int stride) const {
  io::verify_files(path_, files_, first, stride);
}

void ModelReader::read_gramians() {
  const ShardReader shard(path_, files_.front());
  const auto factors = static_cast<std::uint64_t>(info_.config.factors);
  FactorMatrix64 gramian(info_.config.factors, info_.config.factors);
  shard.read_numbers(schema::user_gramian, {factors, factors}, {0, factors}, gramian.data());
  info_.user_gramian = gramian;
  shard.read_numbers(schema::item_gramian, {factors, factors}, {0, factors}, gramian.data());
  info_.item_gramian = gramian;
}

ModelShard ModelReader::read(RowRange users, RowRange items, const Parts& parts) const {
  check_range(users, info_.users);
  check_range(items, info_.items);
  ModelShard data;
  data.users = users;
  data.items = items;
  const auto rows_of = [](bool wanted, RowRange range) { return wanted ? range.size() : 0; };
  data.user_factors.resize(static_cast<Eigen::Index>(rows_of(parts.user_factors, users)), info_.config.factors);
  data.item_factors.resize(static_cast<Eigen::Index>(rows_of(parts.item_factors, items)), info_.config.factors);
  if (has_biases(info_.config)) {
    data.user_biases.resize(static_cast<std::size_t>(rows_of(parts.user_factors, users)));
    data.item_biases.resize(static_cast<std::size_t>(rows_of(parts.item_factors, items)));
  }
  const Side user_side{data.user_ids, data.user_factors, data.user_biases};
  const Side item_side{data.item_ids, data.item_factors, data.item_biases};
  const bool want_users = parts.user_ids || parts.user_factors || parts.seen;
  const bool want_items = parts.item_ids || parts.item_factors;
  std::uint64_t users_done = 0;
  std::uint64_t items_done = 0;
  bool first_seen = true;
  for (const StoredFile& file : files_) {
    const RowRange user_rows = want_users ? local_part(users, file.users) : RowRange{};
    const RowRange item_rows = want_items ? local_part(items, file.items) : RowRange{};
    if (user_rows.empty() && item_rows.empty()) continue;
    const ShardReader shard(path_, file);
    read_side(shard, user_paths, info_.config, file.users.size(), user_rows, users_done, parts.user_ids,
              parts.user_factors, user_side);
    read_side(shard, item_paths, info_.config, file.items.size(), item_rows, items_done, parts.item_ids,
              parts.item_factors, item_side);
    users_done += user_rows.size();
    items_done += item_rows.size();
    if (!parts.seen || user_rows.empty()) continue;
    const std::uint64_t begin = read_seen(shard, user_rows, info_.items, data);
    if (first_seen) data.first_interaction = begin;
    first_seen = false;
  }
  return data;
}

}  // namespace alsace::io
