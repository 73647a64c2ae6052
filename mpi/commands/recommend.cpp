#include <algorithm>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "io/clock.hpp"
#include "io/export/recommendation_writer.hpp"
#include "io/log/log.hpp"
#include "io/readers/id_file.hpp"
#include "io/readers/item_info.hpp"
#include "mpi/comm/collectives.hpp"
#include "mpi/commands/command_run.hpp"
#include "mpi/commands/commands.hpp"
#include "mpi/commands/scoring_options.hpp"
#include "mpi/data/distributed_ids.hpp"
#include "mpi/serving/sharded_model.hpp"
#include "src/data/sort_unique.hpp"
#include "src/error.hpp"

namespace alsace::commands {
namespace {

constexpr const char* description =
    "Writes the K best items of each user: the exact fp32 order, score descending, then item in index order.\n\n"
    "Every rank scores its share of the items; the lists are merged on rank 0, which writes them. The file is the same\n"
    "at any number of ranks and threads, users in index order whatever the order they are named in. Items that a user\n"
    "has interacted with in training are left out unless --include-seen. Columns: user,item,rank,score (and title with\n"
    "--item-info). The file appears under its name when it is complete.";

constexpr const char* examples =
    "  alsace recommend --model model --users all --k 100 --out top.csv\n"
    "  mpirun -np 4 alsace recommend --model model --users users.txt --k 10 --out top.jsonl\n"
    "  alsace recommend --model model --users 17,42 --k 10 --item-info items.csv\n";

struct Options {
  ScoringOptions scoring;
  std::string users = "all";
  std::uint64_t k = 10;
  std::string out;
  std::optional<io::RecommendationFormat> format;
  bool include_seen = false;
  std::string item_info;
};

void declare(CLI::App& app, Options& options) {
  add_scoring_options(app, options.scoring);
  app.add_option("--users", options.users, "all, a file with one id a line, or ids with commas between")
      ->type_name("all|FILE|ID,ID");
  app.add_option("--k", options.k, "items a user; fewer where fewer are left")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{0xffffffff}));
  app.add_option("--out", options.out, "file to write; absent or -: stdout")->type_name("FILE");
  io::add_choice(app, "--format", options.format,
                 {{"auto", std::nullopt},
                  {"csv", io::RecommendationFormat::csv},
                  {"jsonl", io::RecommendationFormat::jsonl},
                  {"table", io::RecommendationFormat::table}},
                 "auto goes by the name of --out; table is for people");
  app.add_flag("--include-seen,!--exclude-seen", options.include_seen, "recommend what a user has seen as well");
  app.add_option("--item-info", options.item_info, "CSV with columns item and title: adds a title to each line")
      ->type_name("FILE.csv");
}

/// Which users are asked for, as global rows in ascending order; the same on all ranks.
class UserSelection {
 public:
  static UserSelection all(std::uint64_t users) {
    UserSelection selection;
    selection.count_ = users;
    return selection;
  }
  static UserSelection of(std::vector<std::uint32_t> rows) {
    UserSelection selection;
    selection.count_ = rows.size();
    selection.rows_ = std::move(rows);
    return selection;
  }
  [[nodiscard]] std::uint64_t size() const { return count_; }
  [[nodiscard]] std::vector<std::uint32_t> slice(std::uint64_t begin, std::uint64_t end) const {
    std::vector<std::uint32_t> rows(static_cast<std::size_t>(end - begin));
    if (rows_) {
      std::copy_n(rows_->begin() + static_cast<std::ptrdiff_t>(begin), rows.size(), rows.begin());
    } else {
      std::iota(rows.begin(), rows.end(), static_cast<std::uint32_t>(begin));
    }
    return rows;
  }

 private:
  std::uint64_t count_ = 0;
  std::optional<std::vector<std::uint32_t>> rows_;  // nothing: all
};

void warn_of_unknown(const std::vector<std::string>& unknown) {
  constexpr std::size_t shown = 5;
  std::string first;
  for (std::size_t i = 0; i < std::min(shown, unknown.size()); ++i) first += (i == 0 ? "" : ", ") + unknown[i];
  spdlog::warn("{} users are not in the model and are skipped: {}{}", unknown.size(), first,
               unknown.size() > shown ? ", …" : "");
}

/// Collective. Throws ErrorKind::input when none of the users is known.
UserSelection choose_users(const mpi::Communicator& world, const mpi::ShardedModel& model, const std::string& users) {
  if (users == "all") return UserSelection::all(model.info.users);
  std::vector<std::string> wanted;  // on rank 0
  IdList ids;
  world.run_together([&] {
    if (world.is_root()) wanted = io::ids_of_option(users);
    for (const std::string& id : wanted) ids.push_back(id);
  });
  const auto known_ids = mpi::DistributedIds::from_sorted(world, model.shard.user_ids, model.users);
  std::vector<std::uint32_t> rows = known_ids.lookup(world, ids);
  world.run_together([&] {
    if (!world.is_root()) return;
    std::vector<std::string> unknown;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (rows[i] == mpi::DistributedIds::absent) unknown.push_back(wanted[i]);
    }
    if (unknown.size() == wanted.size()) {
      throw input_error(
          fmt::format("--users = {}, expected all, a file of ids or ids, at least one of them a user of the "
                      "model; {} given, none known",
                      users, wanted.size()));
    }
    if (!unknown.empty()) warn_of_unknown(unknown);
    sort_unique(rows);
    if (!unknown.empty()) rows.pop_back();  // `absent` is the greatest number
  });
  mpi::broadcast_vector(world, rows);
  return UserSelection::of(std::move(rows));
}

/// What rank 0 needs to write lists. Empty on the others.
struct Output {
  std::unique_ptr<io::RecommendationWriter> writer;
  IdList item_ids;
  io::ItemTitles titles;
};

Output open_output(const mpi::Communicator& world, const mpi::ShardedModel& model, const Options& options) {
  Output output;
  world.run_together([&] {
    if (!world.is_root()) return;
    if (!options.item_info.empty()) output.titles = io::read_item_titles(options.item_info);
    const auto format = options.format.value_or(io::format_of_name(options.out));
    output.writer = std::make_unique<io::RecommendationWriter>(options.out, format, !options.item_info.empty());
  });
  output.item_ids = mpi::read_item_ids(world, model);
  return output;
}

void write_lists(Output& output, const IdList& users, const RankedLists& lists) {
  for (std::size_t user = 0; user < lists.size(); ++user) {
    std::size_t rank = 0;
    for (const ScoredItem& entry : lists[user]) {
      const std::string_view item = output.item_ids[entry.item];
      const auto title = output.titles.find(std::string(item));
      output.writer->write({users[user], item, ++rank, entry.score,
                            title == output.titles.end() ? std::string_view() : std::string_view(title->second)});
    }
  }
}

/// Users that are scored together: bounded, and so that their lists take at most 32 MiB.
std::uint64_t batch_size(std::uint64_t k, std::uint64_t items) {
  constexpr std::uint64_t most_users = 1024;
  constexpr std::uint64_t most_entries = std::uint64_t{1} << 22;
  return std::clamp<std::uint64_t>(most_entries / std::clamp<std::uint64_t>(k, 1, std::max<std::uint64_t>(items, 1)), 1,
                                   most_users);
}

}  // namespace

int recommend(int argc, char** argv) {
  Options options;
  io::CommandLine command("recommend", description, examples);
  declare(command.app(), options);
  if (!command.parse(argc, argv)) return 0;

  const CommandRun started(argc, argv, command.effective(), options.scoring.log_level);
  const mpi::Communicator& world = started.world();
  const ScoringRun run = start_scoring(world, options.scoring);
  const io::Stopwatch clock;

  io::ModelReader::Parts parts;
  parts.item_ids = false;
  parts.seen = !options.include_seen;
  const mpi::ShardedModel model = mpi::load_sharded_model(world, options.scoring.model, parts);
  const UserSelection users = choose_users(world, model, options.users);
  Output output = open_output(world, model, options);
  spdlog::info("{}: {} items scored for {} of {} users", model.checkpoint.string(), model.info.items, users.size(),
               model.info.users);

  const UsersView own = model.users_view();
  const std::uint64_t step = batch_size(options.k, model.info.items);
  for (std::uint64_t begin = 0; begin < users.size(); begin += step) {
    const auto batch = users.slice(begin, std::min(begin + step, users.size()));
    const Queries queries = mpi::gather_queries(world, model.users, own, batch, !options.include_seen);
    const IdList ids = mpi::gather_ids(world, model.users, model.shard.user_ids, batch);
    const RankedLists lists = mpi::sharded_top_k(world, run.kernels, queries, model.item_block(),
                                                 static_cast<std::size_t>(options.k), run.threads);
    world.run_together([&] {
      if (world.is_root()) write_lists(output, ids, lists);
    });
  }
  world.run_together([&] {
    if (world.is_root()) output.writer->finish();
  });
  spdlog::info("wrote recommendations for {} users in {:.2f} s", users.size(), clock.seconds());
  return 0;
}

}  // namespace alsace::commands
