#include "mpi/serving/dealt_items.hpp"

#include <algorithm>
#include <cmath>

#include "io/system.hpp"
#include "src/ranking/scorer.hpp"

namespace alsace::mpi {
namespace {

constexpr std::uint64_t window_rows = 65536;

/// √ of the mean squared length of a user's factors: where items have biases, how much lengths count beside them.
double usual_query_norm(const ModelInfo& info) {
  return info.users == 0 ? 1 : std::sqrt(info.user_gramian.trace() / static_cast<double>(info.users));
}

}  // namespace

DealtItems read_dealt_items(const io::ModelReader& reader, const ItemDeal& deal) {
  const ModelInfo& info = reader.info();
  io::ModelReader::Parts rows_alone;
  rows_alone.user_ids = rows_alone.user_factors = rows_alone.seen = rows_alone.item_ids = false;
  const auto ranks = static_cast<std::uint64_t>(deal.ranks);
  const auto own = static_cast<std::uint64_t>(deal.rank);
  DealtItems dealt;
  dealt.rows.resize(static_cast<Eigen::Index>((info.items + ranks - 1 - own) / ranks), info.config.factors);
  for (std::uint64_t begin = 0; begin < info.items; begin += window_rows) {
    const RowRange window{begin, std::min(begin + window_rows, info.items)};
    const ModelShard read = reader.read({}, window, rows_alone);
    for (std::uint64_t item = begin + (own + ranks - begin % ranks) % ranks; item < window.end; item += ranks) {
      const auto at = static_cast<Eigen::Index>(item - begin);
      dealt.rows.row(static_cast<Eigen::Index>(dealt.ids.size())) = read.item_factors.row(at);
      dealt.ids.push_back(static_cast<std::uint32_t>(item));
      if (!read.item_biases.empty()) dealt.biases.push_back(read.item_biases[static_cast<std::size_t>(at)]);
    }
  }
  return dealt;
}

ItemIndex index_of(const DealtItems& items, const ModelInfo& info, int threads) {
  IndexedItems indexed;
  indexed.rows = items.rows.data();
  indexed.count = items.ids.size();
  indexed.factors = info.config.factors;
  indexed.ids = items.ids;
  indexed.biases = items.biases;
  indexed.query_norm = usual_query_norm(info);
  return {indexed, threads, io::advise_huge_pages};
}

ItemIndex cosine_index_of(const DealtItems& items, int threads) {
  const FactorMatrix unit = unit_rows(items.rows);
  IndexedItems indexed;
  indexed.rows = unit.data();
  indexed.count = items.ids.size();
  indexed.factors = static_cast<int>(unit.cols());
  indexed.ids = items.ids;
  return {indexed, threads, io::advise_huge_pages};
}

}  // namespace alsace::mpi
