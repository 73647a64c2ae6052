#include <cmath>

#include <fmt/format.h>

#include "io/store/model_manifest.hpp"
#include "io/store/model_store.hpp"
#include "io/store/shard_writer.hpp"
#include "io/store/store_schema.hpp"
#include "src/error.hpp"

namespace alsace::io {
namespace {

void check_shapes(const ModelInfo& info, const ModelShard& data) {
  const auto check_side = [&](const char* side, RowRange range, const IdList& ids, const FactorMatrix& factors,
                              const std::vector<double>& biases) {
    ALSACE_CHECK(ids.size() == range.size(), fmt::format("{} ids = {} of {} rows", side, ids.size(), range.size()));
    ALSACE_CHECK(static_cast<std::uint64_t>(factors.rows()) == range.size() &&
                     (range.empty() || factors.cols() == info.config.factors),
                 fmt::format("{} factors = {} x {}, expected {} x {}", side, factors.rows(), factors.cols(),
                             range.size(), info.config.factors));
    ALSACE_CHECK(biases.size() == (has_biases(info.config) ? range.size() : 0),
                 fmt::format("{} biases = {}", side, biases.size()));
  };
  check_side("user", data.users, data.user_ids, data.user_factors, data.user_biases);
  check_side("item", data.items, data.item_ids, data.item_factors, data.item_biases);
  ALSACE_CHECK(data.seen_offsets.size() == data.users.size() + 1 && data.seen_offsets.back() == data.seen_items.size(),
               fmt::format("seen offsets = {}, items = {}", data.seen_offsets.size(), data.seen_items.size()));
}

/// A model with a number that is not finite must not be committed.
template <class T>
void check_finite(const char* path, const T* values, std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) {
    if (std::isfinite(values[i])) continue;
    throw numerics_error(fmt::format("{}: element {} of the shard = {}, expected a finite number", path, i, values[i]));
  }
}

template <class T>
Column number_column(const char* path, hdf5::ElementType type, hdf5::Shape shape, const T* values) {
  check_finite(path, values, shape.rows * shape.row_elements());
  return array_column(path, type, shape, values);
}

}  // namespace

StoredFile write_model_shard(const std::filesystem::path& staging, int shard, int shards, const ModelInfo& info,
                             const ModelShard& data, const IdWidths& widths) {
  check_shapes(info, data);
  const auto factors = static_cast<std::uint64_t>(info.config.factors);
  const std::uint64_t users = data.users.size();
  const std::uint64_t items = data.items.size();
  std::vector<std::uint64_t> offsets = data.seen_offsets;
  for (std::uint64_t& offset : offsets) offset += data.first_interaction;

  std::vector<Column> columns;
  columns.push_back(id_column(schema::user_ids, data.user_ids, widths.user));
  columns.push_back(id_column(schema::item_ids, data.item_ids, widths.item));
  columns.push_back(number_column(schema::user_factors, hdf5::fp32, {users, factors}, data.user_factors.data()));
  columns.push_back(number_column(schema::item_factors, hdf5::fp32, {items, factors}, data.item_factors.data()));
  if (has_biases(info.config)) {
    columns.push_back(number_column(schema::user_biases, hdf5::fp64, {users, 0}, data.user_biases.data()));
    columns.push_back(number_column(schema::item_biases, hdf5::fp64, {items, 0}, data.item_biases.data()));
  }
  columns.push_back(array_column(schema::seen_indptr, hdf5::uint64, {offsets.size(), 0}, offsets.data()));
  columns.push_back(
      array_column(schema::seen_indices, hdf5::uint32, {data.seen_items.size(), 0}, data.seen_items.data()));
  FactorMatrix64 user_gramian;
  FactorMatrix64 item_gramian;
  if (shard == 0) {
    user_gramian = info.user_gramian;
    item_gramian = info.item_gramian;
    for (const FactorMatrix64* gramian : {&user_gramian, &item_gramian}) {
      ALSACE_CHECK(gramian->rows() == info.config.factors && gramian->cols() == info.config.factors,
                   fmt::format("Gramian = {} x {}", gramian->rows(), gramian->cols()));
    }
    columns.push_back(number_column(schema::user_gramian, hdf5::fp64, {factors, factors}, user_gramian.data()));
    columns.push_back(number_column(schema::item_gramian, hdf5::fp64, {factors, factors}, item_gramian.data()));
  }
  const std::string name = shard_name(shard);
  const std::string alias =
      std::string(schema::view_group) + "/" + view_token(info, shard, shards, data.users, data.items);
  const FileDigest digest = write_shard_file(staging / name, columns, alias);
  return {name,       digest.bytes, digest.xxh3_128,
          data.users, data.items,   {data.first_interaction, data.first_interaction + data.seen_items.size()}};
}

}  // namespace alsace::io
