#include <fmt/format.h>
#include <xxhash.h>

#include "io/store/dataset_store.hpp"

namespace alsace::io {
namespace {

/// What a hash is of; part of its seed, as the row is, so that equal content of two rows adds two different numbers.
enum class Part : std::uint64_t { user_id, item_id, columns, values };

Fingerprint hash_part(Part part, std::uint64_t row, const void* bytes, std::size_t count) {
  const XXH128_hash_t hash = XXH3_128bits_withSeed(bytes, count, row * 4 + static_cast<std::uint64_t>(part));
  return {hash.high64, hash.low64};
}

}  // namespace

Fingerprint operator+(const Fingerprint& a, const Fingerprint& b) {
  return {a.high + b.high, a.low + b.low};
}

std::string to_hex(const Fingerprint& fingerprint) {
  return fmt::format("{:016x}{:016x}", fingerprint.high, fingerprint.low);
}

Fingerprint fingerprint_of(const DatasetShard& shard) {
  Fingerprint sum;
  for (std::size_t row = 0; row < shard.by_user.rows(); ++row) {
    const std::uint64_t user = shard.by_user.first_row + row;
    const auto columns = shard.by_user.columns_of(row);
    const auto values = shard.by_user.values_of(row);
    sum = sum + hash_part(Part::user_id, user, shard.user_ids[row].data(), shard.user_ids[row].size());
    sum = sum + hash_part(Part::columns, user, columns.data(), columns.size_bytes());
    sum = sum + hash_part(Part::values, user, values.data(), values.size_bytes());
  }
  for (std::size_t i = 0; i < shard.item_ids.size(); ++i) {
    const std::string_view id = shard.item_ids[i];
    sum = sum + hash_part(Part::item_id, shard.first_item + i, id.data(), id.size());
  }
  return sum;
}

}  // namespace alsace::io
