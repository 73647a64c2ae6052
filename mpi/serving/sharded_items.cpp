#include "mpi/serving/sharded_items.hpp"

#include <vector>

#include "io/system.hpp"
#include "src/ranking/scorer.hpp"

namespace alsace::mpi {
namespace {

/// `before`: items that are searched before these.
ItemIndex index_of(std::span<const std::uint32_t> ids, const FactorMatrix& rows, std::span<const double> biases,
                   double query_norm, std::size_t before, int threads) {
  IndexedItems indexed;
  indexed.rows = rows.data();
  indexed.count = ids.size();
  indexed.factors = static_cast<int>(rows.cols());
  indexed.ids = ids;
  indexed.biases = biases;
  indexed.query_norm = query_norm;
  indexed.before = before;
  return {indexed, threads, io::advise_huge_pages};
}

ItemIndex index_of_counts(std::span<const std::uint32_t> counts, const ItemIndex& like, std::size_t before) {
  std::vector<std::uint32_t> ids;
  FactorMatrix rows(static_cast<Eigen::Index>(like.count()), 1);
  for (std::size_t position = 0; position < like.count(); ++position) {
    ids.push_back(like.id(position));
    rows(static_cast<Eigen::Index>(position), 0) = static_cast<float>(counts[ids.back()]);
  }
  return index_of(ids, rows, {}, 1, before, 1);
}

}  // namespace

std::optional<ItemPlace> ShardedItems::find(std::uint32_t item) const {
  for (const ItemIndex* index : {&head, &part}) {
    if (const auto position = index->position_of(item)) return ItemPlace{*index, *position};
  }
  return std::nullopt;
}

ShardedItems index_items(const DealtItems& items, double query_norm, int threads) {
  const auto index = [&](const ItemRows& some, std::size_t before) {
    return index_of(some.ids, some.rows, some.biases, query_norm, before, threads);
  };
  return {index(items.head, 0), index(items.part, items.head.ids.size()), items.dealt};
}

ShardedItems index_cosines(const DealtItems& items, int threads) {
  const auto index = [&](const ItemRows& some, std::size_t before) {
    return index_of(some.ids, unit_rows(some.rows), {}, 1, before, threads);
  };
  return {index(items.head, 0), index(items.part, items.head.ids.size()), items.dealt};
}

ShardedItems index_counts(std::span<const std::uint32_t> counts, const ShardedItems& like) {
  return {index_of_counts(counts, like.head, 0), index_of_counts(counts, like.part, like.head.count()), like.dealt};
}

}  // namespace alsace::mpi
