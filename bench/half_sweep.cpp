// A whole sweep of exact solves beside a whole sweep of three CG steps, what it consists of, and Eigen's.
#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>

#include <fmt/format.h>

#include "bench/support/forming.hpp"
#include "bench/support/local_trainer.hpp"
#include "bench/support/program.hpp"
#include "bench/support/report.hpp"
#include "bench/yardstick/eigen_sweep.hpp"
#include "bench/yardstick/packed_cg.hpp"
#include "src/aligned_array.hpp"
#include "src/als/initial_factors.hpp"

namespace {

using namespace alsace;
using namespace alsace::bench;

/// How Alsace may solve: what is compared with the yardstick.
struct Variant {
  std::string level;
  Precision precision;
  Solver solver;

  [[nodiscard]] std::string name() const {
    return fmt::format("alsace {} {} {}", level, name_of(precision), name_of(solver));
  }
};

/// The yardstick with its factors.
class CgTrainer {
 public:
  CgTrainer(const TrainConfig& config, const Interactions& data)
      : config_(config),
        data_(data),
        half_(packed_cg(config.factors)),
        users_(data.by_user.rows() * static_cast<std::size_t>(config.factors)),
        items_(data.by_item.rows() * static_cast<std::size_t>(config.factors)),
        workspace_(packed_cg_workspace(config.factors)) {
    initialize_items(config, {0, data.by_item.rows()}, items_.data());
  }

  void sweep() {
    half_sweep(data_.by_user, items_, users_);
    half_sweep(data_.by_item, users_, items_);
  }

  [[nodiscard]] double loss(int threads) const {
    return loss_of(config_, kernel_table(supported_kernel_levels().back()), data_, matrix(users_, data_.by_user.rows()),
                   matrix(items_, data_.by_item.rows()), threads);
  }

 private:
  void half_sweep(const SparseRows& rows, const AlignedArray<float>& fixed, AlignedArray<float>& solved) {
    half_({rows.offsets.data(), rows.columns.data(), rows.rows(), fixed.data(),
           fixed.size() / static_cast<std::size_t>(config_.factors), static_cast<float>(config_.alpha),
           static_cast<float>(config_.regularization), solved.data(), workspace_.data()});
  }
  [[nodiscard]] FactorMatrix matrix(const AlignedArray<float>& factors, std::size_t rows) const {
    return Eigen::Map<const FactorMatrix>(factors.data(), static_cast<Eigen::Index>(rows), config_.factors);
  }

  TrainConfig config_;
  const Interactions& data_;
  PackedCg half_;
  AlignedArray<float> users_;
  AlignedArray<float> items_;
  AlignedArray<float> workspace_;
};

const std::string yardstick = "three packed CG steps";

/// What this processor runs, the default first.
std::vector<Variant> variants(bool all) {
  const auto levels = supported_kernel_levels();
  const std::string best(levels.back());
  std::vector<Variant> chosen{{best, resolve_precision(Precision::auto_), Solver::auto_}};
  for (const Precision precision : {Precision::bf16, Precision::fp32}) {
    if (precision == Precision::bf16 && !has_bf16_instructions(best)) continue;
    if (precision != chosen.front().precision) chosen.push_back({best, precision, Solver::auto_});
    chosen.push_back({best, precision, Solver::cholesky});
  }
  for (const std::string_view level : levels)
    if (level != best && (all || level == "avx2"))
      chosen.push_back({std::string(level), Precision::fp32, Solver::auto_});
  return chosen;
}

/// Whole sweeps in turn, what they consist of, and their losses.
void compare_sweeps(Report& report, const CommonOptions& options, const Interactions& data, int factors, bool all) {
  const TrainConfig config = yardstick_config(factors);
  const auto interactions = 2.0 * static_cast<double>(data.by_user.nonzeros());
  const auto rows = static_cast<double>(data.by_user.rows() + data.by_item.rows());
  std::vector<Contestant> contestants;

  std::optional<CgTrainer> cg;
  if (packed_cg(factors) != nullptr) {
    cg.emplace(config, data);
    contestants.push_back({yardstick, [&] { cg->sweep(); }});
  }
  const std::vector<Variant> chosen = variants(all);
  std::vector<std::unique_ptr<LocalTrainer>> trainers;
  for (const Variant& variant : chosen) {
    TrainConfig own = config;
    own.precision = variant.precision;
    own.solver = variant.solver;
    trainers.push_back(std::make_unique<LocalTrainer>(own, kernel_table(variant.level), data, 1));
    contestants.push_back({variant.name(), [trainer = trainers.back().get()] { trainer->sweep(); }});
  }
  const FormingPasses forming(data, factors);
  for (const auto& [name, run] : forming.passes()) contestants.push_back({name, run});
  TrainConfig of_default = config;
  of_default.precision = chosen.front().precision;
  const MethodChoice choice(of_default, chosen.front().level);
  const Interactions formed = rows_where(data, [&](std::size_t /*row*/, std::size_t length) {
    return length > 0 && choice(length) == RowMethod::cholesky;
  });
  const FormingPasses forming_by_auto(formed, factors);
  const std::string pass_by_auto = FormingPasses::pass_of(chosen.front().level, chosen.front().precision);
  const std::string formed_by_auto = pass_by_auto + ", rows that auto gives to cholesky";
  for (const auto& [name, run] : forming_by_auto.passes())
    if (name == pass_by_auto) contestants.push_back({formed_by_auto, run});

  const std::vector<Timings> all_timings = take_turns(contestants, options.rounds);
  report.section(fmt::format("A whole sweep, loss left out: {}, K = {}, one thread, {} round(s)", data.name, factors,
                             options.rounds));
  const auto exact = std::find_if(chosen.begin(), chosen.end(), [](const Variant& variant) {
    return variant.precision == Precision::fp32 && variant.solver == Solver::cholesky;
  });
  const double exact_loss = trainers[static_cast<std::size_t>(exact - chosen.begin())]->loss();
  const double most_of_fp32 = options.quick ? 1e-4 : 1e-5;  // on few rows the rounding of each counts for more
  const int sweeps = options.rounds + 1;
  const auto add = [&](const Timings& timings, double loss, const std::string& solved) {
    Row row;
    row.text("sweep", timings.name).spread("seconds", timings.summary(), 3);
    if (cg) row.spread("of the CG sweep", ratio(timings, timings_of(all_timings, yardstick)), 3);
    row.number("ns an interaction", timings.summary().median / interactions * 1e9, 1)
        .text("loss", fmt::format("{:.8g}", loss))
        .text("from fp32 cholesky", fmt::format("{:+.1e}", loss / exact_loss - 1))
        .text("rows solved by", solved)
        .probe(timings);
    report.add(std::move(row));
  };
  if (cg) add(all_timings.front(), cg->loss(1), "");
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    const double loss = trainers[i]->loss();
    const double most = chosen[i].precision == Precision::bf16 ? 1e-4 : most_of_fp32;
    add(timings_of(all_timings, chosen[i].name()), loss, rows_by_method(trainers[i]->solved()));
    report.verify(
        std::abs(loss / exact_loss - 1) <= most,
        fmt::format("loss of {} after {} sweeps is within {} of fp32 cholesky's", chosen[i].name(), sweeps, most));
  }

  report.section(fmt::format("What a sweep consists of: {}, K = {}", data.name, factors));
  for (const auto& [name, run] : forming.passes()) {
    const Timings& timings = timings_of(all_timings, name);
    report.add(Row()
                   .text("both halves", name)
                   .spread("seconds", timings.summary(), 3)
                   .number("ns an interaction", timings.summary().median / interactions * 1e9, 1)
                   .spread("of the gather", ratio(timings, timings_of(all_timings, forming.gather_of(name))), 2)
                   .probe(timings));
  }
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    const Variant& variant = chosen[i];
    if (variant.solver != Solver::cholesky && &variant != &chosen.front()) continue;
    const bool all_formed = variant.solver == Solver::cholesky;
    const Timings& sweep = timings_of(all_timings, variant.name());
    const Timings& form =
        timings_of(all_timings, all_formed ? forming.pass_of(variant.level, variant.precision) : formed_by_auto);
    std::vector<double> rest;
    for (std::size_t round = 0; round < sweep.seconds.size(); ++round)
      rest.push_back((sweep.seconds[round] - form.seconds[round]) / rows * 1e6);
    report.note(fmt::format("{}: all but forming the K x K systems takes {:.2f} us a row; rows solved by {}",
                            variant.name(), summarize(rest).median, rows_by_method(trainers[i]->solved())));
  }
}

/// Eigen on every 16th row, and Alsace's kernels on the same rows.
void compare_with_eigen(Report& report, const CommonOptions& options, const Interactions& data, int factors) {
  constexpr std::size_t stride = 16;
  const EigenTable& eigen = eigen_table();
  const Interactions sample =
      rows_where(data, [](std::size_t row, std::size_t /*length*/) { return row % stride == 0; });
  const FormingPasses forming(sample, factors);
  std::vector<Contestant> contestants;
  const std::string eigen_forms = fmt::format("Eigen {} rankUpdate", eigen.level);
  const std::string eigen_solves = fmt::format("Eigen {} rankUpdate + LLT", eigen.level);
  AlignedArray<float> solved(std::max(sample.by_user.rows(), sample.by_item.rows()) *
                             static_cast<std::size_t>(factors));
  const auto run = [&](auto half, const SparseRows& rows, const FactorMatrix& fixed) {
    half({rows.offsets.data(), rows.columns.data(), rows.rows(), fixed.data(), static_cast<std::size_t>(fixed.rows()),
          factors, 8.0, 0.1, 1, 1, solved.data()});
  };
  const auto both = [&](auto half) {
    run(half, sample.by_user, forming.items());
    run(half, sample.by_item, forming.users());
  };
  contestants.push_back({eigen_forms, [&] { both(eigen.form); }});
  contestants.push_back({eigen_solves, [&] { both(eigen.half_sweep); }});
  for (const auto& [name, pass] : forming.passes()) contestants.push_back({name, pass});

  const std::vector<Timings> all = take_turns(contestants, options.rounds);
  report.section(fmt::format("Against Eigen, on every {}th row of both sides: {}, K = {}", stride, data.name, factors));
  const auto interactions = static_cast<double>(sample.by_user.nonzeros() + sample.by_item.nonzeros());
  for (const Timings& timings : all) {
    report.add(Row()
                   .text("both halves", timings.name)
                   .spread("seconds", timings.summary(), 3)
                   .number("ns an interaction", timings.summary().median / interactions * 1e9, 1)
                   .spread("times as fast as rankUpdate", ratio(timings_of(all, eigen_forms), timings), 2)
                   .probe(timings));
  }
}

/// The user half where rows are much shorter than K: the default against forming and factoring K × K.
void compare_short_rows(Report& report, const CommonOptions& options, const Interactions& data, int factors) {
  std::vector<std::unique_ptr<LocalTrainer>> trainers;
  std::vector<Contestant> contestants;
  const std::string level(supported_kernel_levels().back());
  const std::string forced = fmt::format("alsace {} cholesky", level);
  for (const Solver solver : {Solver::cholesky, Solver::auto_}) {
    TrainConfig config = yardstick_config(factors);
    config.solver = solver;
    trainers.push_back(std::make_unique<LocalTrainer>(config, kernel_table(level), data, 1));
    contestants.push_back({fmt::format("alsace {} {}", level, name_of(solver)),
                           [trainer = trainers.back().get()] { trainer->user_half(); }});
  }
  const std::vector<Timings> all = take_turns(contestants, options.rounds);
  report.section(fmt::format("The user half on short rows: {}, K = {}, one thread", data.name, factors));
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Timings& timings = all[i];
    report.add(Row()
                   .text("user half", timings.name)
                   .spread("seconds", timings.summary(), 3)
                   .spread("times as fast as cholesky", ratio(timings_of(all, forced), timings), 2)
                   .text("rows solved by", rows_by_method(trainers[i]->solved()))
                   .probe(timings));
  }
  const double difference = (trainers[1]->users() - trainers[0]->users()).norm() / trainers[0]->users().norm();
  report.verify(difference <= (trainers[0]->precision() == Precision::bf16 ? 1e-2 : 1e-4),
                fmt::format("both give the same factors: {:.1e} apart, relative", difference));
}

}  // namespace

int main(int argc, char** argv) {
  CommonOptions options;
  std::vector<int> factors{64, 128};
  std::string file;
  bool all = false;
  return run_program(
      argc, argv,
      "A whole sweep (user half, item half, Gramians; loss left out) on one thread of every way to solve it exactly, in\n"
      "turn with a sweep of three packed CG steps; forming alone beside the time to gather the rows; Eigen on a sample\n"
      "of the rows; and the user half on short rows.",
      options,
      [&](CLI::App& app) {
        app.add_option("--factors", factors, "K, several with commas: 16, 32, 64 or 128 for the CG sweep")
            ->delimiter(',');
        app.add_option("--data", file, "int64 users, items, n; int64 offsets; int32 items; default: made-up data");
        app.add_flag("--all-levels", all, "kernel levels below avx2 too");
      },
      [&] {
        Report report("half_sweep", 1);
        const Interactions data = file.empty() ? made_up(twenty_million(options.quick)) : read_binary(file);
        for (const int k : factors) {
          compare_sweeps(report, options, data, k, all);
          compare_with_eigen(report, options, data, k);
        }
        const Interactions brief = made_up(short_rows(options.quick));
        for (const int k : factors) compare_short_rows(report, options, brief, k);
        return report.finish(options.json);
      });
}
