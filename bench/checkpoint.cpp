// A checkpoint (written, fsynced, read back, hashed, renamed) beside dd conv=fsync of the same bytes in the same place.
#include <cstdlib>
#include <filesystem>
#include <string>

#include <fmt/format.h>

#include "bench/support/interactions.hpp"
#include "bench/support/program.hpp"
#include "bench/support/report.hpp"
#include "io/store/model_store.hpp"
#include "mpi/comm/communicator.hpp"
#include "mpi/shard_map.hpp"
#include "mpi/training/checkpointing.hpp"
#include "mpi/training/phase_times.hpp"
#include "src/als/initial_factors.hpp"

namespace {

using namespace alsace;
using namespace alsace::bench;
namespace fs = std::filesystem;

IdList numbers_from_one(RowRange range) {
  IdList ids;
  for (std::uint64_t row = range.begin; row < range.end; ++row) ids.push_back(std::to_string(row + 1));
  return ids;
}

/// This rank's rows of a model that looks like a trained one: random factors, the real seen lists.
ModelShard shard_of(const mpi::Communicator& comm, const TrainConfig& config, const Interactions& data) {
  ModelShard shard;
  shard.users = mpi::ShardMap::even(data.by_user.rows(), comm.size()).range(comm.rank());
  shard.items = mpi::ShardMap::even(data.by_item.rows(), comm.size()).range(comm.rank());
  shard.user_ids = numbers_from_one(shard.users);
  shard.item_ids = numbers_from_one(shard.items);
  shard.user_factors.resize(static_cast<Eigen::Index>(shard.users.size()), config.factors);
  shard.item_factors.resize(static_cast<Eigen::Index>(shard.items.size()), config.factors);
  initialize_items(config, shard.users, shard.user_factors.data());
  initialize_items(config, shard.items, shard.item_factors.data());
  const auto begin = static_cast<std::size_t>(shard.users.begin);
  const auto end = static_cast<std::size_t>(shard.users.end);
  shard.first_interaction = data.by_user.offsets[begin];
  for (std::size_t user = begin; user < end; ++user)
    shard.seen_offsets.push_back(data.by_user.offsets[user + 1] - shard.first_interaction);
  shard.seen_items.assign(data.by_user.columns.begin() + static_cast<std::ptrdiff_t>(shard.first_interaction),
                          data.by_user.columns.begin() + static_cast<std::ptrdiff_t>(data.by_user.offsets[end]));
  return shard;
}

ModelInfo info_of(const TrainConfig& config, const Interactions& data) {
  ModelInfo info;
  info.config = config;
  info.kernel_level = "portable";
  info.users = data.by_user.rows();
  info.items = data.by_item.rows();
  info.interactions = data.by_user.nonzeros();
  info.user_gramian = GramMatrix::Identity(config.factors, config.factors);
  info.item_gramian = info.user_gramian;
  return info;
}

/// dd of all shards of a checkpoint, which lie in the page cache, to one new file beside it.
void copy_with_dd(const fs::path& checkpoint, const fs::path& copy) {
  const std::string command =
      fmt::format("cat '{}'/shard-*.h5 | dd of='{}' bs=4M iflag=fullblock conv=fsync status=none", checkpoint.string(),
                  copy.string());
  if (std::system(command.c_str()) != 0) throw storage_error(fmt::format("{} = failed, expected it to run", command));
}

int measure(const mpi::Communicator& world, const CommonOptions& options, const fs::path& directory, int factors) {
  const Interactions data = made_up(twenty_million(options.quick));
  TrainConfig config = TrainConfig::defaults(Objective::hkv);
  config.factors = factors;
  ModelInfo info = info_of(config, data);
  const ModelShard shard = shard_of(world, config, data);
  const fs::path model = directory / "checkpoint-bench";
  const fs::path copy = directory / "checkpoint-bench.dd";
  const auto latest = [&] { return model / io::sweep_name(info.sweep); };
  mpi::PhaseTimes times;
  std::vector<Contestant> contestants{
      {"alsace checkpoint", [&] { mpi::commit_checkpoint(world, model, info, shard, 1, times); },
       [&] { ++info.sweep; }},
      {"dd conv=fsync",
       [&] {
         world.run_together([&] {
           if (world.is_root()) copy_with_dd(latest(), copy);
         });
       },
       [&] {
         world.run_together([&] {
           if (!world.is_root()) return;
           fs::remove(copy);  // and the shards into the page cache, which a checkpoint leaves clean
           if (std::system(fmt::format("cat '{}'/shard-*.h5 >/dev/null", latest().string()).c_str()) != 0)
             throw storage_error(fmt::format("{} = not readable", latest().string()));
         });
       }}};
  const auto all = take_turns(contestants, options.rounds, world.is_root());
  int code = 0;
  world.run_together([&] {
    if (!world.is_root()) return;
    Report report("checkpoint", world.size());
    report.section(fmt::format("A checkpoint of {} at K = {} in {}", data.name, factors, directory.string()));
    const io::ModelReader reader(latest());
    std::uint64_t bytes = 0;
    for (const auto& entry : fs::directory_iterator(latest()))
      if (entry.path().filename().string().starts_with("shard-")) bytes += entry.file_size();
    for (const Timings& timings : all) {
      std::vector<double> rates;
      for (const double seconds : timings.seconds) rates.push_back(static_cast<double>(bytes) / seconds * 1e-6);
      report.add(Row()
                     .text("what", timings.name)
                     .number("MB", static_cast<double>(bytes) * 1e-6, 1)
                     .spread("seconds", timings.summary(), 3)
                     .spread("MB/s", summarize(rates), 0)
                     .spread("of dd's rate", ratio(all.back(), timings), 2)
                     .probe(timings));
    }
    reader.verify_files();
    report.verify(reader.info().sweep == info.sweep, "the last checkpoint is restored, its hashes checked");
    fs::remove_all(model);
    fs::remove(copy);
    code = report.finish(options.json);
  });
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  const mpi::Environment environment(argc, argv);
  CommonOptions options;
  std::string directory = ".";
  int factors = 128;
  return run_program(
      argc, argv,
      "Commits checkpoints of a model in the shape of MovieLens 20M, in turn with dd conv=fsync of the same bytes in the\n"
      "same directory. A checkpoint is also read back and hashed before it counts. Runs under mpirun too.",
      options,
      [&](CLI::App& app) {
        app.add_option("--directory", directory, "where to write; the disk that is measured");
        app.add_option("--factors", factors, "K");
      },
      [&] {
        const mpi::Communicator world = mpi::Communicator::world();
        return measure(world, options, directory, factors);
      });
}
