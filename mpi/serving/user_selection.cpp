#include "mpi/serving/user_selection.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include "io/readers/id_file.hpp"
#include "io/store/file_hash.hpp"
#include "mpi/comm/collectives.hpp"
#include "mpi/data/distributed_ids.hpp"
#include "mpi/shard_map.hpp"
#include "src/data/id_list.hpp"
#include "src/data/sort_unique.hpp"
#include "src/error.hpp"

namespace alsace::mpi {
namespace {

/// This rank's share of the ids of all users.
IdList read_user_ids(const io::ModelReader& reader, RowRange range) {
  io::ModelReader::Parts ids_alone;
  ids_alone.user_factors = ids_alone.seen = ids_alone.item_ids = ids_alone.item_factors = false;
  return reader.read(range, {}, ids_alone).user_ids;
}

void warn_of_unknown(std::span<const std::string> unknown) {
  constexpr std::size_t shown = 5;
  spdlog::warn("{} users are not in the model and are skipped: {}{}", unknown.size(),
               fmt::join(unknown.first(std::min(shown, unknown.size())), ", "), unknown.size() > shown ? ", …" : "");
}

/// `rows`: one for each of the wanted ids, which `users` named. Ascending, each once, without those that are absent.
std::vector<std::uint32_t> known_rows(std::vector<std::uint32_t> rows, const std::vector<std::string>& wanted,
                                      const std::string& users) {
  std::vector<std::string> unknown;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i] == DistributedIds::absent) unknown.push_back(wanted[i]);
  }
  if (unknown.size() == wanted.size()) {
    throw input_error(
        fmt::format("--users = {}, expected all, a file of ids or ids, at least one of them a user of the "
                    "model; {} given, none known",
                    users, wanted.size()));
  }
  if (!unknown.empty()) warn_of_unknown(unknown);
  std::erase(rows, DistributedIds::absent);
  sort_unique(rows);
  return rows;
}

}  // namespace

UserSelection UserSelection::all(std::uint64_t users) {
  UserSelection selection;
  selection.count_ = users;
  return selection;
}

UserSelection UserSelection::of(std::vector<std::uint32_t> rows) {
  UserSelection selection;
  selection.count_ = rows.size();
  selection.rows_ = std::move(rows);
  return selection;
}

std::vector<std::uint32_t> UserSelection::slice(std::uint64_t begin, std::uint64_t end) const {
  std::vector<std::uint32_t> rows(static_cast<std::size_t>(end - begin));
  if (rows_) {
    std::copy_n(rows_->begin() + static_cast<std::ptrdiff_t>(begin), rows.size(), rows.begin());
  } else {
    std::iota(rows.begin(), rows.end(), static_cast<std::uint32_t>(begin));
  }
  return rows;
}

std::uint64_t UserSelection::count_before(std::uint64_t begin, std::uint64_t row) const {
  if (!rows_) return std::max(std::min(row, count_), begin) - begin;
  const auto from = rows_->begin() + static_cast<std::ptrdiff_t>(begin);
  return static_cast<std::uint64_t>(std::lower_bound(from, rows_->end(), row) - from);
}

std::string UserSelection::identity() const {
  if (!rows_) return "all";
  return io::hash_of({reinterpret_cast<const char*>(rows_->data()), rows_->size() * sizeof(std::uint32_t)});
}

UserSelection choose_users(const Communicator& comm, const io::ModelReader& reader, const std::string& users) {
  if (users == "all") return UserSelection::all(reader.info().users);
  std::vector<std::string> wanted;  // on rank 0
  IdList ids;
  IdList own;
  const ShardMap map = ShardMap::even(reader.info().users, comm.size());
  comm.run_together([&] {
    if (comm.is_root()) wanted = io::ids_of_option(users);
    for (const std::string& id : wanted) ids.push_back(id);
    own = read_user_ids(reader, map.range(comm.rank()));
  });
  const auto known_ids = DistributedIds::from_sorted(comm, own, map);
  std::vector<std::uint32_t> rows = known_ids.lookup(comm, ids);
  comm.run_together([&] {
    if (comm.is_root()) rows = known_rows(std::move(rows), wanted, users);
  });
  broadcast_vector(comm, rows);
  return UserSelection::of(std::move(rows));
}

}  // namespace alsace::mpi
