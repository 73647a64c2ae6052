#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "io/export/print_result.hpp"
#include "io/log/log.hpp"
#include "io/options/reader_flags.hpp"
#include "mpi/comm/collectives.hpp"
#include "mpi/commands/command_run.hpp"
#include "mpi/commands/commands.hpp"
#include "mpi/commands/scoring_options.hpp"
#include "mpi/data/distributed_ids.hpp"
#include "mpi/data/load_input.hpp"
#include "mpi/evaluation/evaluate_model.hpp"
#include "mpi/evaluation/evaluation_report.hpp"
#include "mpi/serving/sharded_model.hpp"
#include "src/error.hpp"
#include "src/evaluation/beyond_accuracy.hpp"

namespace alsace::commands {
namespace {

constexpr const char* description =
    "Measures a model on held-out interactions. The numbers are the same at any number of ranks and threads.\n\n"
    "Ranking metrics, averaged over users with a held-out item, what they have seen in training left out:\n"
    "  recall@K hits/n, recall_truncated@K hits/min(K, n), precision@K hits/K, hit_rate@K, ndcg@K with 1/log2(rank+1)\n"
    "  and the ideal over min(K, n), map@K over min(K, n), mrr@K, auc (equal scores count half);\n"
    "  coverage@K share of the items that anyone is recommended, novelty@K mean -log2 of the share of users who know\n"
    "  an item, popularity@K mean popularity percentile (the popularity bias), diversity@K 1 - mean cosine in a list.\n"
    "Held-out items that the model does not know count in n; so do those that the user has in training, which are never\n"
    "in a list: there is a warning. Users it does not know are skipped and counted. Ties go by item index. Baseline: items by their number of training interactions.\n\n"
    "Rating metrics (explicit models): rmse and mae over the pairs whose user and item the model knows; the others have\n"
    "no prediction and are counted; without any such pair both are left out. Baselines: the bias model, and the global mean.";

constexpr const char* examples =
    "  alsace evaluate --model model --test test.csv\n"
    "  mpirun -np 4 alsace evaluate --model model --test test.csv --metrics ndcg@100,recall@20 --segments 4 --json\n";

const std::vector<std::string> default_ranking_metrics = {
    "ndcg@100",    "recall@20", "recall@100",   "recall_truncated@20", "precision@10",  "map@100",     "mrr@100",
    "hit_rate@10", "auc",       "coverage@100", "novelty@20",          "popularity@20", "diversity@20"};

struct Options {
  ScoringOptions scoring;
  std::vector<std::string> test;
  io::ReadOptions read;
  Duplicates duplicates = Duplicates::sum;
  std::vector<std::string> metrics;
  int segments = 0;
  bool json = false;
  bool no_baseline = false;
};

bool is_rating_metric(const std::string& name) {
  return name == "rmse" || name == "mae";
}

/// As CLI11 has it: what is wrong, or "".
std::string check_metric(const std::string& name) {
  try {
    if (!is_rating_metric(name)) (void)parse_metric(name);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

void declare(CLI::App& app, Options& options) {
  add_scoring_options(app, options.scoring);
  app.add_option("--test", options.test,
                 "held-out interactions: a data set, or a raw file; give it again for more files")
      ->type_name("INPUT")
      ->required()
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--metrics", options.metrics,
                 fmt::format("ranking metrics with commas between; when absent, implicit models take\n{}\nand explicit "
                             "ones rmse and mae alone",
                             fmt::join(default_ranking_metrics, ",")))
      ->type_name("LIST")
      ->delimiter(',')
      ->check(check_metric)
      ->default_str("");
  app.add_option("--segments", options.segments, "groups of users by number of training interactions; 0: none")
      ->check(CLI::Range(0, 1000));
  app.add_flag("--no-baseline,!--baseline", options.no_baseline, "measure the model alone");
  app.add_flag("--json", options.json, "one JSON object instead of tables");
  io::add_reader_options(app, options.read, options.duplicates);
  app.get_option("--duplicates")->default_str("sum; last for an explicit model");  // known when the model is loaded
}

/// What is asked for. rmse and mae may be named for an explicit model, which has them anyway; for another one they are
/// refused: ErrorKind::usage.
std::vector<RankingMetric> choose_metrics(const Options& options, bool explicit_model) {
  if (options.metrics.empty())
    return explicit_model ? std::vector<RankingMetric>() : parse_metrics(default_ranking_metrics);
  std::vector<std::string> names = options.metrics;
  if (explicit_model) std::erase_if(names, is_rating_metric);
  return parse_metrics(names);
}

/// A model as evaluation takes it: users and ids by shard, item factors whole on every rank.
struct EvaluatedModel {
  mpi::ShardedModel sharded;
  FactorMatrix items;
  std::vector<double> item_biases;
};

/// Every rank reads its share of the items and has the others from the ranks that read them. Collective: moves 4·K
/// bytes an item to every rank.
EvaluatedModel load(const mpi::Communicator& world, const std::string& model) {
  EvaluatedModel loaded{mpi::load_sharded_model(world, model, io::ModelReader::Parts()), {}, {}};
  const mpi::ShardMap& map = loaded.sharded.items;
  FactorMatrix& own = loaded.sharded.shard.item_factors;
  loaded.items.resize(static_cast<Eigen::Index>(map.rows()), own.cols());
  loaded.items.middleRows(static_cast<Eigen::Index>(map.range(world.rank()).begin), own.rows()) = own;
  own.resize(0, own.cols());
  const std::size_t row_bytes = static_cast<std::size_t>(loaded.items.cols()) * sizeof(float);
  mpi::all_gather_rows(world, loaded.items.data(), row_bytes, map.bounds());
  loaded.item_biases = mpi::all_gather_vector<double>(world, loaded.sharded.shard.item_biases);
  return loaded;
}

mpi::HeldOut load_test(const mpi::Communicator& world, const mpi::ShardedModel& model, const Options& options) {
  const auto users = mpi::DistributedIds::from_sorted(world, model.shard.user_ids, model.users);
  const auto items = mpi::DistributedIds::from_sorted(world, model.shard.item_ids, model.items);
  return mpi::load_held_out(world, options.test, options.read, options.duplicates, users, items, model.users);
}

template <class Evaluation>
mpi::Measured measure(const Evaluation& evaluation, const std::vector<Segment>& segments) {
  mpi::Measured measured{evaluation.average(), {}};
  for (const Segment& segment : segments) measured.segments.push_back(evaluation.average(segment));
  return measured;
}

void measure_ranking(const ScoringRun& run, const EvaluatedModel& model, const UsersView& own, const mpi::HeldOut& test,
                     const std::vector<RankingMetric>& metrics, bool baseline, mpi::EvaluationReport& report) {
  const mpi::ShardMap& users = model.sharded.users;
  const auto measure_scorer = [&](const UserScorer& scorer) {
    return measure(mpi::RankingEvaluation(run.world, users, own, scorer, model.items, test, metrics, run.threads),
                   report.segments);
  };
  report.model_metrics.merge(measure_scorer(
      FactorScorer(own, model.items, model.item_biases, run.kernels,
                   mpi::index_for_lists(run.world, own, model.items, model.item_biases, test, metrics, run.threads))));
  if (!baseline) return;
  const auto popularity = mpi::item_popularity(run.world, own, static_cast<std::size_t>(model.items.rows()));
  report.baseline.merge(measure_scorer(CommonScorer(own, popularity_scores(popularity))));
}

void measure_ratings(const ScoringRun& run, const EvaluatedModel& model, const UsersView& own, const mpi::HeldOut& test,
                     bool baseline, mpi::EvaluationReport& report) {
  const auto measure_prediction = [&](const Predict& predict) {
    return measure(mpi::RatingEvaluation(run.world, model.sharded.users, own, test, predict, run.threads),
                   report.segments);
  };
  report.model_metrics.merge(
      measure_prediction(mpi::model_prediction(own, model.items, model.item_biases, run.kernels)));
  if (run.world.is_root() && report.model_metrics.all.empty()) {
    spdlog::warn("no held-out interaction has a user and an item that the model knows: rmse and mae are left out");
  }
  if (!baseline || !own.has_biases) return;  // without biases, the model does not know the mean either
  report.baseline.merge(measure_prediction(mpi::bias_prediction(own, model.item_biases)));
  report.global_mean = measure_prediction(mpi::mean_prediction(own)).all;
}

}  // namespace

int evaluate(int argc, char** argv) {
  Options options;
  io::CommandLine command("evaluate", description, examples);
  declare(command.app(), options);
  if (!command.parse(argc, argv)) return 0;

  const CommandRun started(argc, argv, command.effective(), options.scoring.log_level);
  const mpi::Communicator& world = started.world();
  const ScoringRun run = start_scoring(world, options.scoring);

  const EvaluatedModel model = load(world, options.scoring.model);
  const ModelInfo& info = model.sharded.info;
  const bool explicit_model = info.config.objective == Objective::explicit_;
  std::vector<RankingMetric> metrics;
  world.run_together([&] { metrics = choose_metrics(options, explicit_model); });
  if (explicit_model && !command.given("duplicates")) {
    options.duplicates = Duplicates::last;  // as train has it
    spdlog::info("duplicates = last (default of explicit models)");
  }
  const mpi::HeldOut test = load_test(world, model.sharded, options);
  const UsersView own = model.sharded.users_view();

  mpi::EvaluationReport report;
  report.model = model.sharded.checkpoint.string();
  report.segments =
      options.segments == 0 ? std::vector<Segment>() : mpi::user_segments(world, own, test, options.segments);
  const auto tested = tested_users(test.by_user, test.unknown_items);
  report.users = mpi::all_reduce_sum(world, static_cast<std::uint64_t>(std::count(tested.begin(), tested.end(), 1)));
  report.unknown_users = test.unknown_users;
  report.interactions = test.interactions;
  report.unknown_items =
      test.interactions - mpi::all_reduce_sum(world, static_cast<std::uint64_t>(test.by_user.nonzeros()));
  report.seen = mpi::all_reduce_sum(world, interactions_seen(own, test.by_user));
  if (report.users == 0) {
    throw mpi::AgreedError(
        input_error(fmt::format("{}: users that the model knows = 0, expected at least 1", options.test.front())));
  }
  if (explicit_model) measure_ratings(run, model, own, test, !options.no_baseline, report);
  if (!metrics.empty() && report.seen > 0 && world.is_root()) {
    spdlog::warn(
        "{} of {} held-out interactions are training data of the model: rankings leave them out, so all are misses",
        report.seen, report.interactions);
  }
  if (!metrics.empty()) measure_ranking(run, model, own, test, metrics, !options.no_baseline, report);

  world.run_together([&] {
    if (world.is_root())
      io::print_result(options.json ? mpi::json_text(report) : mpi::tables_text(report, explicit_model));
  });
  return 0;
}

}  // namespace alsace::commands
