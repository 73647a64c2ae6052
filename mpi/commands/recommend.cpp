#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "io/clock.hpp"
#include "io/export/recommendation_writer.hpp"
#include "io/log/log.hpp"
#include "io/options/output_option.hpp"
#include "io/readers/item_info.hpp"
#include "io/stop_signals.hpp"
#include "io/store/file_hash.hpp"
#include "io/store/store_schema.hpp"
#include "mpi/comm/collectives.hpp"
#include "mpi/commands/command_run.hpp"
#include "mpi/commands/commands.hpp"
#include "mpi/commands/scoring_options.hpp"
#include "mpi/serving/sharded_items.hpp"
#include "mpi/serving/sharded_model.hpp"
#include "mpi/serving/sharded_search.hpp"
#include "mpi/serving/user_selection.hpp"
#include "mpi/serving/user_stream.hpp"
#include "src/error.hpp"
#include "src/ranking/batch_size.hpp"

namespace alsace::commands {
namespace {

constexpr const char* description =
    "Writes the K best items of each user: the exact fp32 order, score descending, then item in index order.\n\n"
    "Every rank scores its share of the items; the lists are merged on rank 0, which writes them while the next ones are\n"
    "made. The file is the same at any number of ranks and threads, users in index order whatever the order they are\n"
    "named in. Items that a user has interacted with in training, but for values that --value raw drops, are left out\n"
    "unless --include-seen. Columns:\n"
    "user,item,rank,score (and title with --item-info); HDF5 has /users/ids, /items/ids and the lists as a CSR matrix,\n"
    "/lists/{indptr,items,scores}. The file appears under its name when it is complete; a run that is stopped or killed\n"
    "is continued by the same command.";

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
  bool resume = true;
  double save_every = 2;
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
                  {"hdf5", io::RecommendationFormat::hdf5},
                  {"table", io::RecommendationFormat::table}},
                 "auto goes by the name of --out; table is for people");
  app.add_flag("--include-seen,!--exclude-seen", options.include_seen, "recommend what a user has seen as well");
  app.add_option("--item-info", options.item_info, "CSV with columns item and title: adds a title to each line")
      ->type_name("FILE.csv");
  io::add_choice(app, "--resume", options.resume, {{"auto", true}, {"never", false}},
                 "go on with the file of a run that was stopped or killed, or begin it anew");
  app.add_option("--save-every", options.save_every, "seconds of work that a kill costs at most")
      ->check(io::at_least_zero());
}

/// Everything that the bytes of the output depend on.
std::map<std::string, std::string> identity_of(const Options& options, const io::ModelReader& model,
                                               const mpi::UserSelection& users, io::RecommendationFormat format) {
  return {{"model", io::digest_of(model.path() / io::schema::manifest_file).xxh3_128},
          {"users", users.identity()},
          {"k", fmt::format("{}", options.k)},
          {"seen items", options.include_seen ? "included" : "excluded"},
          {"item information", options.item_info.empty() ? "none" : io::hash_of_input(options.item_info)},
          {"format", fmt::format("{}", static_cast<int>(format))}};
}

/// On rank 0; nothing on the others. Collective.
std::unique_ptr<io::RecommendationWriter> open_output(const mpi::Communicator& world, const io::ModelReader& model,
                                                      const mpi::UserSelection& users, const Options& options) {
  io::ItemNames names;
  names.ids = mpi::read_item_ids(world, model);
  std::unique_ptr<io::RecommendationWriter> writer;
  world.run_together([&] {
    if (!world.is_root()) return;
    io::check_output("--out", options.out, std::vector{options.users, options.item_info});
    if (!options.item_info.empty()) names.titles = io::read_item_titles(options.item_info);
    io::RecommendationOutput output;
    output.path = options.out;
    output.format = options.format.value_or(io::format_of_name(options.out));
    output.with_titles = !options.item_info.empty();
    output.resume.identity = identity_of(options, model, users, output.format);
    output.resume.resume = options.resume;
    output.resume.mark_seconds = options.save_every;
    writer = std::make_unique<io::RecommendationWriter>(output, std::move(names));
  });
  return writer;
}

/// Says every ten seconds how far it is.
class Progress {
 public:
  Progress(std::uint64_t done, std::uint64_t all) : begin_(done), all_(all) {}

  void is_at(std::uint64_t done) {
    if (since_said_.seconds() < 10) return;
    since_said_.restart();
    const double rate = static_cast<double>(done - begin_) / since_begin_.seconds();
    spdlog::info("{} of {} users, {:.0f} a second, {:.0f} s to go", done, all_, rate,
                 static_cast<double>(all_ - done) / rate);
  }
  [[nodiscard]] double seconds() const { return since_begin_.seconds(); }

 private:
  std::uint64_t begin_;
  std::uint64_t all_;
  io::Stopwatch since_begin_;
  io::Stopwatch since_said_;
};

/// How much of a full scoring the index left to do. Collective.
void log_work(const mpi::Communicator& world, const SearchCounts& mine, std::uint64_t users, std::uint64_t items) {
  const std::uint64_t scanned = mpi::all_reduce_sum(world, mine.scanned);
  const std::uint64_t rescored = mpi::all_reduce_sum(world, mine.rescored);
  const double pairs = std::max(1.0, static_cast<double>(users) * static_cast<double>(items));
  spdlog::info("of all pairs of a user and an item {:.2f} % were scanned and {:.4f} % scored in fp32",
               100 * static_cast<double>(scanned) / pairs, 100 * static_cast<double>(rescored) / pairs);
}

/// Told to stop: what is written stays for the next run.
int interrupted(const mpi::Communicator& world, const std::unique_ptr<io::RecommendationWriter>& writer, int cause,
                std::uint64_t done, std::uint64_t all, bool to_file) {
  world.run_together([&] {
    if (writer) writer->interrupt();
  });
  const char* const name = io::StopSignals::describe(mpi::all_reduce_max(world, cause));
  if (world.is_root()) {
    spdlog::warn("stopped by {} after {} of {} users{}", name, done, all,
                 to_file ? "; the same command goes on from there" : "");
  }
  return static_cast<int>(ErrorKind::interrupted);
}

}  // namespace

int recommend(int argc, char** argv) {
  Options options;
  io::CommandLine command("recommend", description, examples);
  declare(command.app(), options);
  if (!command.parse(argc, argv)) return 0;

  const io::StopSignals signals(std::nullopt);  // before MPI starts threads, which inherit the mask of signals
  const CommandRun started(argc, argv, command.effective(), options.scoring.log_level);
  const mpi::Communicator& world = started.world();
  const ScoringRun run = start_scoring(world, options.scoring);

  io::ModelReader model = mpi::open_verified(world, options.scoring.model);
  const ModelInfo& info = model.info();
  const mpi::UserSelection users = mpi::choose_users(world, model, options.users);
  const auto writer = open_output(world, model, users, options);
  const mpi::ItemDeal deal{world.rank(), world.size()};
  std::optional<mpi::ShardedItems> items;
  world.run_together([&] {
    model.read_gramians();
    const mpi::DealtItems dealt = mpi::read_dealt_items(model, deal, run.threads);
    items.emplace(mpi::index_items(dealt, mpi::usual_query_norm(info), run.threads));
  });
  const std::uint64_t written = mpi::broadcast_value(world, writer ? writer->users_done() : 0);
  spdlog::info("{}: {} items scored for {} of {} users", model.path().string(), info.items, users.size(), info.users);
  if (written > 0) spdlog::info("{}: goes on after {} users that a stopped run has written", options.out, written);

  Progress progress(written, users.size());
  mpi::UserStream::Options how;
  how.first = written;
  how.batch_size = batch_size(options.k, info.items);
  how.exclude_seen = !options.include_seen;
  mpi::UserStream stream(world, model, users, how);
  const mpi::ShardedSearch search{run.kernels, *items, run.threads};
  SearchCounts counts;
  while (auto batch = stream.next()) {
    RankedLists lists = mpi::sharded_top_k(world, search, batch->queries, static_cast<std::size_t>(options.k), &counts);
    world.run_together([&] {
      if (writer) writer->write(std::move(batch->ids), std::move(lists));
    });
    progress.is_at(stream.position());
    if (mpi::any_of(world, signals.token().stop_requested()) && stream.position() < users.size()) {
      return interrupted(world, writer, signals.cause(), stream.position(), users.size(),
                         !options.out.empty() && options.out != "-");
    }
  }
  world.run_together([&] {
    if (writer) writer->finish();
  });
  spdlog::info("wrote recommendations for {} users in {:.2f} s", users.size(), progress.seconds());
  log_work(world, counts, users.size() - written, info.items);
  return 0;
}

}  // namespace alsace::commands
