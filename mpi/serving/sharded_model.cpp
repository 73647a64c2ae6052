#include "mpi/serving/sharded_model.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <boost/serialization/string.hpp>

#include "mpi/comm/collectives.hpp"
#include "mpi/comm/objects.hpp"
#include "mpi/data/move_ids.hpp"
#include "src/error.hpp"

namespace alsace::mpi {
namespace {

/// The part of ascending global rows that a range holds.
std::span<const std::uint32_t> rows_within(std::span<const std::uint32_t> rows, RowRange range) {
  const auto first = std::lower_bound(rows.begin(), rows.end(), range.begin);
  const auto last = std::lower_bound(first, rows.end(), range.end);
  return rows.subspan(static_cast<std::size_t>(first - rows.begin()), static_cast<std::size_t>(last - first));
}

std::vector<std::uint64_t> offsets_of(std::span<const std::uint64_t> lengths) {
  std::vector<std::uint64_t> offsets{0};
  for (const std::uint64_t length : lengths) offsets.push_back(offsets.back() + length);
  return offsets;
}

}  // namespace

bool scores_have_biases(const TrainConfig& config) {
  return config.objective == Objective::explicit_ && config.biases != Biases::none;
}

UsersView users_view(const ModelInfo& info, const ModelShard& shard) {
  UsersView view;
  view.count = static_cast<std::size_t>(shard.users.size());
  view.factors = info.config.factors;
  view.rows = shard.user_factors.data();
  view.mean = info.mean;
  view.biases = shard.user_biases;
  view.has_biases = scores_have_biases(info.config);
  view.seen_offsets = shard.seen_offsets;
  view.seen_items = shard.seen_items;
  return view;
}

std::string agree_on_checkpoint(const Communicator& comm, const std::string& model) {
  std::string checkpoint;
  comm.run_together([&] {
    if (comm.is_root()) checkpoint = io::resolve_model(model, "best").string();
  });
  return broadcast_object(comm, checkpoint);
}

ShardedModel read_share(const io::ModelReader& reader, int rank, int ranks, const io::ModelReader::Parts& parts) {
  ShardedModel share{reader.info(),
                     ShardMap::even(reader.info().users, ranks),
                     ShardMap::even(reader.info().items, ranks),
                     {},
                     reader.path()};
  share.shard = reader.read(share.users.range(rank), share.items.range(rank), parts);
  return share;
}

io::ModelReader open_verified(const Communicator& comm, const std::string& model) {
  const std::string checkpoint = agree_on_checkpoint(comm, model);
  std::optional<io::ModelReader> reader;
  comm.run_together([&] {
    reader.emplace(checkpoint);
    reader->verify_files(comm.rank(), comm.size());
  });
  return std::move(*reader);
}

ShardedModel load_sharded_model(const Communicator& comm, const std::string& model,
                                const io::ModelReader::Parts& parts) {
  const io::ModelReader reader = open_verified(comm, model);
  std::optional<ShardedModel> loaded;
  comm.run_together([&] { loaded = read_share(reader, comm.rank(), comm.size(), parts); });
  return std::move(*loaded);
}

IdList read_item_ids(const Communicator& comm, const io::ModelReader& reader) {
  IdList ids;
  comm.run_together([&] {
    if (!comm.is_root()) return;
    io::ModelReader::Parts parts;
    parts.user_ids = parts.user_factors = parts.seen = parts.item_factors = false;
    ids = reader.read({}, {0, reader.info().items}, parts).item_ids;
  });
  return ids;
}

Queries gather_queries(const Communicator& comm, const ShardMap& map, const UsersView& own,
                       std::span<const std::uint32_t> users, bool exclude_seen) {
  ALSACE_CHECK(std::is_sorted(users.begin(), users.end()), "owners come in rank order");
  const RowRange range = map.range(comm.rank());
  const auto width = static_cast<std::size_t>(own.factors);
  std::vector<float> rows;
  std::vector<double> offsets;
  std::vector<std::uint64_t> excluded_lengths;
  std::vector<std::uint32_t> excluded;
  for (const std::uint32_t user : rows_within(users, range)) {
    const auto row = static_cast<std::size_t>(user - range.begin);
    rows.insert(rows.end(), own.rows + row * width, own.rows + (row + 1) * width);
    if (own.has_biases) offsets.push_back(score_offset(own, row));
    const auto seen = exclude_seen ? own.seen(row) : std::span<const std::uint32_t>();
    excluded_lengths.push_back(seen.size());
    excluded.insert(excluded.end(), seen.begin(), seen.end());
  }

  Queries queries;
  queries.count = users.size();
  queries.factors = own.factors;
  queries.rows = all_gather_vector<float>(comm, rows);
  queries.offsets = all_gather_vector<double>(comm, offsets);
  queries.excluded_offsets = offsets_of(all_gather_vector<std::uint64_t>(comm, excluded_lengths));
  queries.excluded_items = all_gather_vector<std::uint32_t>(comm, excluded);
  ALSACE_CHECK(queries.rows.size() == queries.count * width, "every user has one owner");
  return queries;
}

IdList gather_ids(const Communicator& comm, const ShardMap& map, const IdList& own,
                  std::span<const std::uint32_t> rows) {
  const RowRange range = map.range(comm.rank());
  IdList mine;
  for (const std::uint32_t row : rows_within(rows, range))
    mine.push_back(own[static_cast<std::size_t>(row - range.begin)]);
  return all_gather_ids(comm, mine);
}

}  // namespace alsace::mpi
