#include "mpi/commands/train_options.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "io/options/command_line.hpp"
#include "io/options/log_option.hpp"
#include "io/options/output_option.hpp"
#include "io/options/reader_flags.hpp"
#include "io/readers/reject_file.hpp"
#include "io/store/store_place.hpp"
#include "mpi/comm/kernel_choice.hpp"
#include "src/error.hpp"
#include "src/evaluation/ranking_metrics.hpp"

namespace alsace::commands {
namespace {

constexpr const char* examples =
    "  alsace train ratings.csv --model m --objective ials --factors 64 --unobserved-weight 0.3\n"
    "  mpirun -np 8 alsace train DATASET --model m --objective hkv --alpha 20 --valid valid.csv --patience 3\n"
    "  mpirun -np 8 alsace train DATASET --model m            the same command again goes on where it was cut off\n"
    "\n"
    "Names elsewhere              Spark ALS               implicit (Python)\n"
    "  --factors                  rank                    factors\n"
    "  --sweeps                   maxIter                 iterations\n"
    "  --regularization           regParam                regularization\n"
    "  --regularization-exponent  1 (always)              0 (always)\n"
    "  --alpha (hkv)              alpha, implicitPrefs    alpha\n"
    "  --objective explicit       implicitPrefs=false     -\n"
    "  --seed                     seed                    random_state\n"
    "  --checkpoint-every         checkpointInterval      -\n";

/// "ials 0.003, hkv 5, explicit 0.1": the defaults of an option that depend on the objective.
template <class Field>
std::string per_objective(Field TrainConfig::*field) {
  return fmt::format("default: ials {}, hkv {}, explicit {}", TrainConfig::defaults(Objective::ials).*field,
                     TrainConfig::defaults(Objective::hkv).*field, TrainConfig::defaults(Objective::explicit_).*field);
}

void add_model_options(CLI::App& app, TrainConfig& config) {
  io::add_choice(app, "--objective", config.objective,
                 {{"ials", Objective::ials}, {"hkv", Objective::hkv}, {"explicit", Objective::explicit_}},
                 "ials and hkv read interactions as implicit feedback, explicit as ratings");
  app.add_option("--factors", config.factors, "K, the latent dimension");
  app.add_option("--sweeps,--iterations", config.sweeps, "a sweep solves all users, then all items");
  app.add_option("--alpha", config.alpha, "hkv: weight of an observed unit");
  app.add_option("--unobserved-weight", config.unobserved_weight, "ials: weight of an unobserved pair");
  app.add_option("--regularization", config.regularization,
                 "lambda in w = lambda (n + a0 M)^nu; " + per_objective(&TrainConfig::regularization));
  app.add_option("--regularization-exponent", config.regularization_exponent,
                 "nu; " + per_objective(&TrainConfig::regularization_exponent));
  app.add_option("--regularization-unobserved", config.regularization_unobserved,
                 "a0 (hkv; for ials it is the unobserved weight)");
  io::add_choice(app, "--biases", config.biases,
                 {{"full", Biases::full}, {"mean", Biases::mean}, {"none", Biases::none}},
                 "explicit: what is subtracted before factors are trained");
  app.add_option("--bias-regularization", config.bias_regularization, "explicit: added to a row's count");
  io::add_choice(app, "--value", config.value, {{"binary", ValueMeaning::binary}, {"raw", ValueMeaning::raw}},
                 "ials, hkv: every row counts 1, or its value (zeros are then dropped)");
  io::add_choice(app, "--negatives", config.negatives,
                 {{"error", Negatives::error}, {"drop", Negatives::drop}, {"dislike", Negatives::dislike}},
                 "raw values below 0: refuse, drop, or an observed dislike of that strength");
  io::add_choice(
      app, "--solver", config.solver,
      {{"auto", Solver::auto_},
       {"cholesky", Solver::cholesky},
       {"dual", Solver::dual},
       {"cg", Solver::cg},
       {"subspace", Solver::subspace}},
      "how a row of n interactions is solved. cholesky: exactly, through its K x K matrix; dual: exactly, "
      "through its n x n matrix, which pays for short rows; cg: conjugate gradients from the last sweep's "
      "row to a residual of 0.001, which pays for large K (not for ratings, where it ends too far off); subspace: 64 "
      "columns after 64 (iALS++), not exact, sweeps converge later. auto: row by row the cheaper of the exact ones");
  io::add_choice(
      app, "--precision", config.precision,
      {{"auto", Precision::auto_}, {"fp32", Precision::fp32}, {"bf16", Precision::bf16}},
      "of the factors. bf16: each solved row is rounded to 8 bits of significand, once and for every reader, which "
      "halves what is read and sent and, with kernels avx512_bf16 and amx, the time to form systems; it moves the loss by "
      "some 1e-5 of it. Matrices and solves stay in fp32, sums over rows are exact in any case. auto: fp32, or what a "
      "resumed model has");
  app.add_option("--seed", config.seed, "of the initial item factors");
  app.add_option("--init-std", config.init_std, "their standard deviation, divided by the root of K");
  app.add_option("--patience", config.patience, "with --valid: stop after so many sweeps without a gain (0: never)");
}

void add_run_options(CLI::App& app, TrainRequest& request) {
  mpi::RunOptions& run = request.run;
  app.add_option("INPUT,--input", run.inputs, "a data set of `alsace import`, or raw files")
      ->type_name("INPUT...")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--model", run.model, "directory of the model's checkpoints")->type_name("DIR");
  app.add_option("--valid", run.valid, "held-out interactions, measured after each sweep; may be given several times")
      ->type_name("INPUT")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false);
  app.add_option("--valid-metrics", run.valid_metrics,
                 "what to measure, the first decides early stopping (default ndcg@100; explicit: rmse)")
      ->delimiter(',')
      ->allow_extra_args(false);
  app.add_option("--init-items", run.init_items, "start from these item factors")->type_name("FILE.npy");
  io::add_choice(app, "--resume", run.resume,
                 {{"auto", mpi::Resume::auto_}, {"never", mpi::Resume::never}, {"must", mpi::Resume::must}},
                 "go on from the model's last checkpoint");
  app.add_flag("--overwrite", run.overwrite, "with --resume never: replace the model that is there");
  app.add_option("--checkpoint-every", run.checkpoint_every, "sweeps between checkpoints");
  app.add_option("--keep", run.keep, "checkpoints to keep (and the best one, and what somebody reads)");
  app.add_option("--max-hours", request.max_hours, "checkpoint and end with code 6 after so long");
  io::add_choice(
      app, "--exchange", run.exchange.kind,
      {{"auto", mpi::Exchange::auto_}, {"replicate", mpi::Exchange::replicate}, {"needed", mpi::Exchange::needed}},
      "where factors are: replicate keeps all of them once a host, needed on each rank those that its rows "
      "touch; auto takes what moves less and fits, and says why");
  app.add_option("--threads", run.threads, "a rank (0: its share of the processors it may run on)");
  app.add_option("--kernels", request.kernels, mpi::kernels_help);
  app.add_option("--report-json", run.report_json, "write the end-of-run table as JSON")->type_name("FILE");
  io::add_log_option(app, request.log_level);
  io::add_reader_options(app, run.read, run.duplicates);
}

void check(const TrainRequest& request) {
  std::string wrong;
  const auto expect = [&wrong](bool good, const std::string& text) {
    if (!good) wrong += (wrong.empty() ? "" : "\n") + text;
  };
  const mpi::RunOptions& run = request.run;
  expect(std::find(run.inputs.begin(), run.inputs.end(), "") == run.inputs.end(), "INPUT = \"\", expected a name");
  expect(!run.inputs.empty(), "INPUT is missing: a data set or raw files to train on");
  expect(!run.model.empty(), "--model is missing: a directory for the checkpoints");
  expect(run.checkpoint_every >= 1, fmt::format("--checkpoint-every = {}, expected at least 1", run.checkpoint_every));
  expect(run.keep >= 1, fmt::format("--keep = {}, expected at least 1", run.keep));
  expect(run.threads >= 0 && run.threads <= 4096, fmt::format("--threads = {}, expected 0 to 4096", run.threads));
  expect(!request.max_hours || *request.max_hours > 0,
         fmt::format("--max-hours = {}, expected above 0", request.max_hours.value_or(0)));
  expect(!run.overwrite || run.resume == mpi::Resume::never, "--overwrite goes with --resume never");
  expect(run.valid_metrics.empty() || !run.valid.empty(), "--valid-metrics goes with --valid");
  expect(request.config.patience == 0 || !run.valid.empty(), "--patience goes with --valid");
  if (!wrong.empty()) throw usage_error(wrong);
}

/// Options that were given and that this objective does not read.
std::vector<std::string> options_without_effect(const io::CommandLine& line, const TrainConfig& config) {
  std::vector<std::string> unread;
  if (config.objective != Objective::hkv) unread = {"alpha", "regularization-unobserved"};
  if (config.objective != Objective::ials) unread.emplace_back("unobserved-weight");
  if (config.objective != Objective::explicit_) unread.insert(unread.end(), {"biases", "bias-regularization"});
  if (config.objective == Objective::explicit_) unread.emplace_back("value");
  if (config.objective == Objective::explicit_ || config.value != ValueMeaning::raw) unread.emplace_back("negatives");
  std::erase_if(unread, [&line](const std::string& name) { return !line.given(name); });
  return unread;
}

/// Fills in the default, and the one spelling of each name.
void name_valid_metrics(TrainRequest& request) {
  std::vector<std::string>& metrics = request.run.valid_metrics;
  const bool ratings = request.config.objective == Objective::explicit_;
  if (metrics.empty() && !request.run.valid.empty()) metrics = {ratings ? "rmse" : "ndcg@100"};
  for (std::string& metric : metrics) {
    if (metric != "rmse" && metric != "mae") {
      metric = name_of(parse_metric(metric));
    } else if (!ratings) {
      throw usage_error(fmt::format("--valid-metrics = {}, expected a ranking metric: {} predicts no ratings", metric,
                                    name_of(request.config.objective)));
    }
  }
}

}  // namespace

std::optional<TrainRequest> parse_train(int argc, char** argv) {
  // The objective decides the defaults of others: parse once to learn it, and again with its defaults.
  auto objective = Objective::ials;
  for (;;) {
    TrainRequest request;
    request.config = TrainConfig::defaults(objective);
    if (objective == Objective::explicit_) request.run.duplicates = Duplicates::last;  // a sum of ratings is no rating
    io::CommandLine line("train", "Trains a factor model by alternating least squares and commits checkpoints.",
                         examples);
    add_run_options(line.app(), request);
    add_model_options(line.app(), request.config);
    if (!line.parse(argc, argv)) return std::nullopt;
    if (request.config.objective != objective) {
      objective = request.config.objective;
      continue;
    }
    const bool raw_values = objective != Objective::explicit_ && request.config.value == ValueMeaning::raw;
    request.run.read.reject_negative = raw_values && request.config.negatives == Negatives::error;
    request.effective = line.effective();
    request.config.validate();
    check(request);
    name_valid_metrics(request);
    for (const auto& inputs :
         {request.run.inputs, request.run.valid, std::vector<std::string>{request.run.init_items}}) {
      io::check_reject_file(request.run.read.reject_file, 1, inputs);
      io::check_output("--report-json", request.run.report_json, inputs);
    }
    io::refuse_checkpoint_to_be(request.run.report_json, request.run.model);
    request.without_effect = options_without_effect(line, request.config);
    return request;
  }
}

}  // namespace alsace::commands
