#include "mpi/training/prepare_data.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "mpi/comm/collectives.hpp"
#include "mpi/training/distributed_sum.hpp"
#include "mpi/training/transpose.hpp"
#include "src/als/prepare_values.hpp"
#include "src/als/row_cost.hpp"
#include "src/error.hpp"

namespace alsace::mpi {
namespace {

void gather_biases(const Communicator& comm, const ShardMap& map, const std::vector<double>& own,
                   std::vector<double>& all) {
  std::copy(own.begin(), own.end(), all.begin() + static_cast<std::ptrdiff_t>(map.range(comm.rank()).begin));
  all_gather_rows(comm, all.data(), sizeof(double), map.bounds());
}

}  // namespace

BiasModel fit_biases(const Communicator& comm, const TrainConfig& config, const TrainingData& data) {
  BiasModel model;
  if (config.biases == Biases::none) return model;
  model.mean = distributed_sum(comm, data.users, row_value_sums(data.by_user), "the mean of the values") /
               static_cast<double>(data.interactions);
  if (config.biases == Biases::mean) return model;
  model.user.assign(static_cast<std::size_t>(data.users.rows()), 0.0);
  model.item.assign(static_cast<std::size_t>(data.items.rows()), 0.0);
  for (int pass = 0; pass < bias_passes; ++pass) {
    gather_biases(comm, data.users, fit_row_biases(data.by_user, model.mean, model.item, config.bias_regularization),
                  model.user);
    gather_biases(comm, data.items, fit_row_biases(data.by_item, model.mean, model.user, config.bias_regularization),
                  model.item);
  }
  return model;
}

TrainingData prepare_data(const Communicator& comm, const TrainConfig& config, LoadedDataset& loaded) {
  DatasetShard& shard = loaded.shard;
  PreparedValues prepared;
  comm.run_together([&] {
    prepared = prepare_values(config, std::move(shard.by_user));
    if (prepared.negative) {
      const auto local = static_cast<std::size_t>(prepared.negative->row - prepared.rows.first_row);
      throw input_error(
          fmt::format("user {}, item index {}: value = {}, expected at least 0 with --value raw; "
                      "--negatives says what a negative value means",
                      shard.user_ids[local], prepared.negative->column, prepared.negative->value));
    }
  });
  const auto zeros = all_reduce_sum(comm, prepared.zeros_dropped);
  const auto negatives = all_reduce_sum(comm, prepared.negatives_dropped);
  if (zeros > 0) spdlog::info("{} interactions of value 0 dropped (--value raw)", zeros);
  if (negatives > 0) spdlog::info("{} interactions of negative value dropped (--negatives drop)", negatives);

  TrainingData data{loaded.users, loaded.items, std::move(prepared.rows), {}, 0, {}};
  data.interactions = all_reduce_sum(comm, static_cast<std::uint64_t>(data.by_user.nonzeros()));
  comm.run_together([&] {
    if (data.interactions == 0) throw input_error("no interaction is left to train on");
  });
  data.items = cut_columns(comm, data.by_user, shard.items, training_cost(config.factors));
  data.by_item = transpose(comm, data.by_user, data.items);
  if (config.objective == Objective::explicit_) {
    data.biases = fit_biases(comm, config, data);
    subtract_biases(data.biases, true, data.by_user);
    subtract_biases(data.biases, false, data.by_item);
  }
  return data;
}

}  // namespace alsace::mpi
