#include <algorithm>
#include <optional>
#include <span>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/export/number_text.hpp"
#include "io/export/print_result.hpp"
#include "io/readers/item_info.hpp"
#include "mpi/comm/collectives.hpp"
#include "mpi/commands/command_run.hpp"
#include "mpi/commands/commands.hpp"
#include "mpi/commands/scoring_options.hpp"
#include "mpi/serving/sharded_items.hpp"
#include "mpi/serving/sharded_model.hpp"
#include "mpi/serving/sharded_search.hpp"
#include "src/error.hpp"

namespace alsace::commands {
namespace {

constexpr const char* description =
    "Prints the K items nearest to one: the largest cosine between item factors, ties in index order. The item itself\n"
    "is left out. Biases play no part.";

constexpr const char* examples =
    "  alsace similar --model model --item 1411238 --k 10 --item-info items.csv\n"
    "  mpirun -np 4 alsace similar --model model --item 1411238 --json\n";

struct Options {
  ScoringOptions scoring;
  std::string item;
  std::uint64_t k = 10;
  std::string item_info;
  bool json = false;
};

void declare(CLI::App& app, Options& options) {
  add_scoring_options(app, options.scoring);
  app.add_option("--item", options.item, "id of an item of the model")->type_name("ID")->required();
  app.add_option("--k", options.k, "items; fewer where the model has fewer")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{0xffffffff}));
  app.add_option("--item-info", options.item_info, "CSV with columns item and title")->type_name("FILE.csv");
  app.add_flag("--json", options.json, "one JSON object instead of a table");
}

/// The item's row, on every rank. `ids`: on rank 0. Collective.
std::uint32_t find_item(const mpi::Communicator& world, const IdList& ids, const std::string& item) {
  std::uint32_t row = 0;
  world.run_together([&] {
    if (!world.is_root()) return;
    while (row < ids.size() && ids[row] != item) ++row;
    if (row == ids.size()) throw input_error(fmt::format("--item = {}, expected the id of an item of the model", item));
  });
  return mpi::broadcast_value(world, row);
}

/// The items whose factors have the largest cosine with those of `item`, which is left out, on rank 0. Collective.
RankedLists nearest(const mpi::Communicator& world, const ScoringRun& run, const io::ModelReader& model,
                    std::uint32_t item, std::size_t k) {
  const mpi::ItemDeal deal{world.rank(), world.size()};
  std::optional<mpi::ShardedItems> items;
  world.run_together(
      [&] { items.emplace(mpi::index_cosines(mpi::read_dealt_items(model, deal, run.threads), run.threads)); });
  Queries query;
  query.count = 1;
  query.factors = model.info().config.factors;
  query.rows.resize(static_cast<std::size_t>(query.factors));
  if (const auto found = items->find(item)) std::copy_n(found->row().begin(), query.rows.size(), query.rows.begin());
  mpi::broadcast(world, std::span(query.rows), deal.owner(item));
  query.excluded_offsets.push_back(1);
  query.excluded_items = {item};
  return mpi::sharded_top_k(world, {run.kernels, *items, run.threads}, query, k);
}

std::string title_of(const io::ItemTitles& titles, std::string_view item) {
  const auto found = titles.find(std::string(item));
  return found == titles.end() ? "" : found->second;
}

std::string as_json(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// Written here, since the library's numbers are not always the shortest decimals, which recommend and serve write.
std::string json_text(const Options& options, const io::ModelReader& model, const IdList& ids,
                      const io::ItemTitles& titles, std::span<const ScoredItem> list) {
  const auto title = [&](std::string_view item) {
    return options.item_info.empty() ? "" : fmt::format(", \"title\": {}", as_json(title_of(titles, item)));
  };
  std::string text = fmt::format("{{\"item\": {}, \"model\": {}{}, \"items\": [", as_json(options.item),
                                 as_json(model.path().filename().string()), title(options.item));
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string_view item = ids[list[i].item];
    text += fmt::format("{}\n  {{\"item\": {}, \"score\": {}, \"rank\": {}{}}}", i == 0 ? "" : ",", as_json(item),
                        io::shortest_text(list[i].score), i + 1, title(item));
  }
  return text + (list.empty() ? "]}\n" : "\n]}\n");
}

std::string table_text(const Options& options, const IdList& ids, const io::ItemTitles& titles,
                       std::span<const ScoredItem> list) {
  std::size_t width = 4;
  for (const ScoredItem& entry : list) width = std::max(width, ids[entry.item].size());
  std::string text =
      fmt::format("Nearest to {}  {}\n\n{:>5}  {:>7}  {:<{}}  {}\n", options.item, title_of(titles, options.item),
                  "rank", "cosine", "item", width, options.item_info.empty() ? "" : "title");
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string_view item = ids[list[i].item];
    text += fmt::format("{:>5}  {:>7.4f}  {:<{}}  {}\n", i + 1, list[i].score, item, width, title_of(titles, item));
  }
  return text;
}

}  // namespace

int similar(int argc, char** argv) {
  Options options;
  io::CommandLine command("similar", description, examples);
  declare(command.app(), options);
  if (!command.parse(argc, argv)) return 0;

  const CommandRun started(argc, argv, command.effective(), options.scoring.log_level);
  const mpi::Communicator& world = started.world();
  const ScoringRun run = start_scoring(world, options.scoring);

  const io::ModelReader model = mpi::open_verified(world, options.scoring.model);
  io::ItemTitles titles;
  world.run_together([&] {
    if (world.is_root() && !options.item_info.empty()) titles = io::read_item_titles(options.item_info);
  });
  const IdList ids = mpi::read_item_ids(world, model);
  const std::uint32_t item = find_item(world, ids, options.item);
  const RankedLists lists = nearest(world, run, model, item, static_cast<std::size_t>(options.k));
  world.run_together([&] {
    if (!world.is_root()) return;
    io::print_result(options.json ? json_text(options, model, ids, titles, lists[0])
                                  : table_text(options, ids, titles, lists[0]));
  });
  return 0;
}

}  // namespace alsace::commands
