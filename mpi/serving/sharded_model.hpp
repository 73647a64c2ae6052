#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "io/store/model_store.hpp"
#include "mpi/comm/communicator.hpp"
#include "mpi/shard_map.hpp"
#include "src/evaluation/users_view.hpp"
#include "src/model/model.hpp"
#include "src/ranking/scorer.hpp"

/// A model spread over the ranks for scoring: each holds an even, contiguous share of the users and one of the items.
namespace alsace::mpi {

/// Whether scores are x·y + b_i + b_u + μ.
bool scores_have_biases(const TrainConfig& config);

/// The users of a shard of a model, which must outlive the view.
UsersView users_view(const ModelInfo& info, const ModelShard& shard);

struct ShardedModel {
  ModelInfo info;
  ShardMap users;
  ShardMap items;
  ModelShard shard;  ///< the rows of users.range(rank) and items.range(rank)
  std::filesystem::path checkpoint;

  [[nodiscard]] bool has_biases() const { return scores_have_biases(info.config); }
  [[nodiscard]] UsersView users_view() const { return mpi::users_view(info, shard); }
};

/// The checkpoint that rank 0 finds MODEL to mean, on every rank: a training may move `best` and `latest` meanwhile.
/// Collective. Throws ErrorKind::storage, the same on all ranks.
std::string agree_on_checkpoint(const Communicator& comm, const std::string& model);

/// Resolves rank 0's MODEL and verifies its files, each by one rank. Collective. Throws ErrorKind::storage, the same on
/// all ranks.
io::ModelReader open_verified(const Communicator& comm, const std::string& model);

/// One rank's share of a verified checkpoint. Not collective.
ShardedModel read_share(const io::ModelReader& reader, int rank, int ranks, const io::ModelReader::Parts& parts);

/// open_verified, then every rank reads its share. Collective. Throws the same.
ShardedModel load_sharded_model(const Communicator& comm, const std::string& model,
                                const io::ModelReader::Parts& parts);

/// Ids of all items on rank 0, which answers; empty on the others. Collective.
IdList read_item_ids(const Communicator& comm, const io::ModelReader& reader);

/// The rows of some users on every rank: each owner gives its own. `users`: global rows, ascending, the same on all
/// ranks. With `exclude_seen`, their queries exclude what they have interacted with. Collective: moves 4·K bytes a user
/// and 4 a seen item to every rank.
Queries gather_queries(const Communicator& comm, const ShardMap& map, const UsersView& own,
                       std::span<const std::uint32_t> users, bool exclude_seen);

/// Ids of those users in the same order, on every rank. Collective.
IdList gather_ids(const Communicator& comm, const ShardMap& map, const IdList& own,
                  std::span<const std::uint32_t> rows);

}  // namespace alsace::mpi
