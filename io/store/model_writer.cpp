#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <span>

#include <fmt/format.h>

#include "io/store/model_manifest.hpp"
#include "io/store/model_store.hpp"
#include "io/store/shard_writer.hpp"
#include "io/store/store_schema.hpp"
#include "src/error.hpp"

namespace alsace::io {
namespace {

void check_shapes(const char* name, const TrainConfig& config, const ModelSide& side) {
  ALSACE_CHECK(side.ids.size() == side.rows.size(),
               fmt::format("{} ids = {} of {} rows", name, side.ids.size(), side.rows.size()));
  ALSACE_CHECK(static_cast<std::uint64_t>(side.factors.rows()) == side.rows.size() &&
                   (side.rows.empty() || side.factors.cols() == config.factors),
               fmt::format("{} factors = {} x {}, expected {} x {}", name, side.factors.rows(), side.factors.cols(),
                           side.rows.size(), config.factors));
  ALSACE_CHECK(
      side.factors.outerStride() == side.factors.cols() || side.rows.size() <= 1,
      fmt::format("{} factors = rows of stride {}, expected contiguous ones", name, side.factors.outerStride()));
  ALSACE_CHECK(side.biases.size() == (has_biases(config) ? side.rows.size() : 0),
               fmt::format("{} biases = {}", name, side.biases.size()));
}

/// A model with a number that is not finite must not be committed. `before`: numbers of the shard before these.
template <class T>
void check_finite(const char* path, std::span<const T> numbers, std::uint64_t before) {
  bool finite = true;  // of all, without a way out: as fast as memory
  for (const T number : numbers) finite &= std::abs(number) <= std::numeric_limits<T>::max();
  if (finite) return;
  const auto wrong = std::find_if_not(numbers.begin(), numbers.end(), [](T number) { return std::isfinite(number); });
  throw numerics_error(fmt::format("{}: element {} of the shard = {}, expected a finite number", path,
                                   before + static_cast<std::uint64_t>(wrong - numbers.begin()), *wrong));
}

/// A column over contiguous memory whose numbers are checked as they are written, while they are in the cache.
template <class T>
Column number_column(const char* path, hdf5::ElementType type, hdf5::Shape shape, const T* values) {
  const std::uint64_t width = shape.row_elements();
  return {path, type, shape, [path, width, values](RowRange rows, std::vector<char>&) -> const void* {
            const std::uint64_t before = rows.begin * width;
            const std::span<const T> numbers(values + before, static_cast<std::size_t>(rows.size() * width));
            check_finite(path, numbers, before);
            return numbers.data();
          }};
}

Column seen_column(const SeenItems& seen) {
  const hdf5::Shape shape{seen.items.size(), 0};
  if (seen.item_of.empty()) return array_column(schema::seen_indices, hdf5::uint32, shape, seen.items.data());
  return {schema::seen_indices, hdf5::uint32, shape, [seen](RowRange rows, std::vector<char>& scratch) -> const void* {
            scratch.resize(static_cast<std::size_t>(rows.size()) * sizeof(std::uint32_t));
            char* to = scratch.data();
            for (std::uint64_t at = rows.begin; at < rows.end; ++at, to += sizeof(std::uint32_t)) {
              std::memcpy(to, &seen.item_of[seen.items[static_cast<std::size_t>(at)]], sizeof(std::uint32_t));
            }
            return scratch.data();
          }};
}

ModelSide users_of(const ModelShard& data) {
  return {data.users, data.user_ids, data.user_factors, data.user_biases};
}

ModelSide items_of(const ModelShard& data) {
  return {data.items, data.item_ids, data.item_factors, data.item_biases};
}

}  // namespace

ModelShardWriter::ModelShardWriter(const std::filesystem::path& staging, int shard, int shards,
                                   const TrainConfig& config, const IdWidths& widths)
    : shard_(shard), shards_(shards), config_(config), widths_(widths), file_(staging / shard_name(shard)) {
  stored_.name = shard_name(shard);
}

void ModelShardWriter::write_users(const ModelSide& users, const SeenItems& seen) {
  check_shapes("user", config_, users);
  ALSACE_CHECK(seen.offsets.size() == users.rows.size() + 1 && seen.offsets.back() == seen.items.size(),
               fmt::format("seen offsets = {}, items = {}", seen.offsets.size(), seen.items.size()));
  const hdf5::Shape factors{users.rows.size(), static_cast<std::uint64_t>(config_.factors)};
  file_.write(id_column(schema::user_ids, users.ids, widths_.user));
  file_.write(number_column(schema::user_factors, hdf5::fp32, factors, users.factors.data()));
  if (has_biases(config_)) {
    file_.write(number_column(schema::user_biases, hdf5::fp64, {factors.rows, 0}, users.biases.data()));
  }
  file_.write(offset_column(schema::seen_indptr, seen.offsets, seen.first_interaction));
  file_.write(seen_column(seen));
  stored_.users = users.rows;
  stored_.interactions = {seen.first_interaction, seen.first_interaction + seen.items.size()};
}

void ModelShardWriter::write_items(const ModelSide& items) {
  check_shapes("item", config_, items);
  const hdf5::Shape factors{items.rows.size(), static_cast<std::uint64_t>(config_.factors)};
  file_.write(id_column(schema::item_ids, items.ids, widths_.item));
  file_.write(number_column(schema::item_factors, hdf5::fp32, factors, items.factors.data()));
  if (has_biases(config_)) {
    file_.write(number_column(schema::item_biases, hdf5::fp64, {factors.rows, 0}, items.biases.data()));
  }
  stored_.items = items.rows;
}

StoredFile ModelShardWriter::finish(const ModelInfo& info) {
  if (shard_ == 0) {
    const auto write_gramian = [&](const char* path, const FactorMatrix64& gramian) {
      ALSACE_CHECK(gramian.rows() == config_.factors && gramian.cols() == config_.factors,
                   fmt::format("Gramian = {} x {}", gramian.rows(), gramian.cols()));
      const auto factors = static_cast<std::uint64_t>(config_.factors);
      file_.write(number_column(path, hdf5::fp64, {factors, factors}, gramian.data()));
    };
    write_gramian(schema::user_gramian, info.user_gramian);
    write_gramian(schema::item_gramian, info.item_gramian);
  }
  const std::string token = view_token(info, shard_, shards_, stored_.users, stored_.items);
  const FileDigest digest = file_.finish(std::string(schema::view_group) + "/" + token);
  stored_.bytes = digest.bytes;
  stored_.xxh3_128 = digest.xxh3_128;
  return stored_;
}

StoredFile write_model_shard(const std::filesystem::path& staging, int shard, int shards, const ModelInfo& info,
                             const ModelShard& data, const IdWidths& widths) {
  ModelShardWriter writer(staging, shard, shards, info.config, widths);
  writer.write_users(users_of(data), {data.seen_offsets, data.seen_items, {}, data.first_interaction});
  writer.write_items(items_of(data));
  return writer.finish(info);
}

}  // namespace alsace::io
