// The golden trace (tests/data/golden/README.md): five objectives in float64 from another implementation.
#include <algorithm>
#include <fstream>
#include <ostream>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "src/als/bf16_rows.hpp"
#include "src/als/bias_model.hpp"
#include "src/als/gramian.hpp"
#include "src/als/half_sweep.hpp"
#include "src/als/loss.hpp"
#include "src/als/prepare_values.hpp"
#include "src/als/serial_trainer.hpp"
#include "tests/support/npy_reader.hpp"
#include "tests/support/ratings_csv.hpp"

namespace alsace {
namespace {

const std::string data_folder = ALSACE_TEST_DATA;

struct GoldenRun {
  const char* name;
  TrainConfig config;
  bool has_factors;
};

std::ostream& operator<<(std::ostream& out, const GoldenRun& run) {
  return out << run.name;
}

std::vector<GoldenRun> golden_runs() {
  TrainConfig hkv = TrainConfig::defaults(Objective::hkv);
  hkv.factors = 16;
  hkv.sweeps = 10;
  hkv.alpha = 10;
  hkv.regularization = 5;
  TrainConfig hkv_val = hkv;
  hkv_val.value = ValueMeaning::raw;
  hkv_val.alpha = 2;
  TrainConfig hkv_nu1 = hkv;
  hkv_nu1.regularization = 0.02;
  hkv_nu1.regularization_exponent = 1;
  hkv_nu1.regularization_unobserved = 0.1;
  TrainConfig hkv_nu05 = hkv_nu1;
  hkv_nu05.regularization = 0.5;
  hkv_nu05.regularization_exponent = 0.5;
  TrainConfig ials = TrainConfig::defaults(Objective::ials);
  ials.factors = 16;
  ials.sweeps = 10;
  ials.unobserved_weight = 0.1;
  ials.regularization = 0.003;
  TrainConfig centered = TrainConfig::defaults(Objective::explicit_);
  centered.factors = 16;
  centered.sweeps = 10;
  centered.regularization = 0.1;
  centered.biases = Biases::mean;
  TrainConfig plain = centered;
  plain.biases = Biases::none;
  return {{"hkv_bin", hkv, true},        {"hkv_val", hkv_val, true}, {"hkv_nu1", hkv_nu1, true},
          {"hkv_nu05", hkv_nu05, false}, {"ials_nu1", ials, true},   {"alswr_centered", centered, true},
          {"alswr_plain", plain, false}};
}

const test::RatingMatrix& train_data() {
  static const test::RatingMatrix data =
      test::to_matrix(test::read_ratings(data_folder + "/movietweetings/split_random/train_valid.csv"));
  return data;
}

FactorMatrix64 golden_factors(const GoldenRun& run, const char* side, int sweep) {
  return test::read_npy(fmt::format("{}/golden/{}_{}_it{}.npy", data_folder, run.name, side, sweep));
}

std::vector<double> golden_losses(const GoldenRun& run) {
  std::ifstream file(data_folder + "/golden/golden.json");
  return nlohmann::json::parse(file).at(run.name).at("loss");
}

double frobenius_error(const FactorMatrix64& actual, const FactorMatrix64& expected) {
  return (actual - expected).norm() / expected.norm();
}

double worst_row_error(const FactorMatrix64& actual, const FactorMatrix64& expected) {
  double worst = 0;
  for (Eigen::Index row = 0; row < expected.rows(); ++row)
    worst = std::max(worst, (actual.row(row) - expected.row(row)).norm() / expected.row(row).norm());
  return worst;
}

/// The fp32 path on one rank, as the distributed trainer drives it.
struct Fp32Trace {
  std::vector<FactorMatrix> users;  ///< one a sweep
  std::vector<FactorMatrix> items;
  std::vector<double> losses;
};

Fp32Trace train_fp32(const TrainConfig& config, const char* level, int threads) {
  const auto item_count = train_data().items.size();
  SparseRows by_user = prepare_values(config, train_data().by_user).rows;
  SparseRows by_item = transpose(by_user, item_count);
  LocalReducer reducer;
  BiasModel biases;
  if (config.objective == Objective::explicit_ && config.biases == Biases::mean)
    biases.mean =
        exact_sum(row_value_sums(by_user), by_user.rows(), reducer, "values") / static_cast<double>(by_user.nonzeros());
  if (config.objective == Objective::explicit_) {
    subtract_biases(biases, true, by_user);
    subtract_biases(biases, false, by_item);
  }

  const KernelTable& kernels = kernel_table(level);
  const auto gram = [&](const FactorMatrix& factors) {
    const auto rows = static_cast<std::uint64_t>(factors.rows());
    return gramian(kernels, factors.data(), rows, config.factors, rows, threads, reducer, "Gramian");
  };
  Fp32Trace trace;
  FactorMatrix items = test::read_npy(data_folder + "/golden/initial_items.npy").cast<float>();
  if (config.precision == Precision::bf16) round_to_bf16(items.data(), static_cast<std::size_t>(items.size()));
  FactorMatrix users = FactorMatrix::Zero(static_cast<Eigen::Index>(by_user.rows()), config.factors);
  GramMatrix item_gramian = gram(items);
  for (int sweep = 0; sweep < config.sweeps; ++sweep) {
    half_sweep({config, kernels, by_user, items, item_gramian, threads}, users.data(), {});
    const GramMatrix user_gramian = gram(users);
    half_sweep({config, kernels, by_item, users, user_gramian, threads}, items.data(), {});
    item_gramian = gram(items);
    trace.users.push_back(users);
    trace.items.push_back(items);
    trace.losses.push_back(
        exact_sum(row_losses(config, kernels, by_user, users.data(), items, threads), by_user.rows(), reducer, "loss") +
        exact_sum(row_penalties(config, by_item, items.data(), config.factors, by_user.rows(), threads), by_item.rows(),
                  reducer, "loss") +
        unobserved_loss(config, user_gramian, item_gramian));
  }
  return trace;
}

class GoldenTest : public testing::TestWithParam<GoldenRun> {};

TEST_P(GoldenTest, serial_trainer_matches_in_double) {
  const GoldenRun& run = GetParam();
  TrainConfig one_sweep = run.config;
  one_sweep.sweeps = 1;
  const FactorMatrix64 initial = test::read_npy(data_folder + "/golden/initial_items.npy");

  const SerialModel first = train_serially(one_sweep, train_data().by_user, train_data().items.size(), initial);
  const SerialModel last = train_serially(run.config, train_data().by_user, train_data().items.size(), initial);

  const std::vector<double> expected = golden_losses(run);
  ASSERT_EQ(last.losses.size(), expected.size());
  for (std::size_t sweep = 0; sweep < expected.size(); ++sweep)
    EXPECT_NEAR(last.losses[sweep] / expected[sweep], 1.0, 1e-12) << "sweep " << sweep + 1;
  if (!run.has_factors) return;
  for (const auto& [actual, side, sweep] :
       {std::tuple{&first.users, "X", 1}, {&first.items, "Y", 1}, {&last.users, "X", 10}, {&last.items, "Y", 10}}) {
    EXPECT_LE(frobenius_error(*actual, golden_factors(run, side, sweep)), 1e-9) << side << " " << sweep;
    EXPECT_LE(worst_row_error(*actual, golden_factors(run, side, sweep)), 1e-9) << side << " " << sweep;
  }
}

TEST_P(GoldenTest, fp32_half_sweeps_match_at_every_kernel_level) {
  const GoldenRun& run = GetParam();
  for (const std::string_view level : supported_kernel_levels()) {
    SCOPED_TRACE(level);

    const Fp32Trace trace = train_fp32(run.config, std::string(level).c_str(), 1);

    const std::vector<double> expected = golden_losses(run);
    ASSERT_EQ(trace.losses.size(), expected.size());
    for (std::size_t sweep = 0; sweep < expected.size(); ++sweep)
      EXPECT_NEAR(trace.losses[sweep] / expected[sweep], 1.0, 1e-7) << "sweep " << sweep + 1;
    if (!run.has_factors) continue;
    for (const int sweep : {1, 10}) {
      const auto at = static_cast<std::size_t>(sweep - 1);
      for (const auto& [actual, side] : {std::pair{&trace.users[at], "X"}, {&trace.items[at], "Y"}}) {
        const FactorMatrix64 factors = actual->cast<double>();
        const FactorMatrix64 golden = golden_factors(run, side, sweep);
        RecordProperty(fmt::format("{}_{}_{}", level, side, sweep),
                       fmt::format("{}", worst_row_error(factors, golden)));
        EXPECT_LE(frobenius_error(factors, golden), 1e-5) << side << " " << sweep;
        EXPECT_LE(worst_row_error(factors, golden), 1e-5) << side << " " << sweep;
      }
    }
  }
}

/// Of the loss, relative, after ten sweeps. fp32: exact solvers at most 1.1e-8, cg 4.7e-6. auto chooses among the exact
/// ones. bf16, which nobody gets unasked, rounds every number of the factors by up to 2⁻⁹: at most 1.5e-5. Ratings are
/// held to neither bf16 (3.6e-5 to 1.1e-4) nor cg (5e-3).
double loss_bound(Solver solver, Precision precision) {
  if (precision == Precision::bf16) return 2e-5;
  return solver == Solver::cg ? 1e-5 : 1e-7;
}

TEST_P(GoldenTest, every_solver_and_precision_keeps_the_loss) {
  const GoldenRun& run = GetParam();
  const std::string level(supported_kernel_levels().back());
  for (const Solver solver : {Solver::auto_, Solver::dual, Solver::cg, Solver::subspace}) {
    for (const Precision precision : {Precision::fp32, Precision::bf16}) {
      TrainConfig config = run.config;
      config.solver = solver;
      config.precision = precision;
      const bool ratings = config.objective == Objective::explicit_;
      if (ratings && (solver == Solver::cg || precision == Precision::bf16)) continue;

      const Fp32Trace trace = train_fp32(config, level.c_str(), 2);

      const double error = trace.losses.back() / golden_losses(run).back() - 1;
      RecordProperty(fmt::format("{}_{}", name_of(solver), name_of(precision)), fmt::format("{}", error));
      EXPECT_NEAR(error, 0, loss_bound(solver, precision)) << name_of(solver) << " " << name_of(precision);
    }
  }
}

TEST_P(GoldenTest, fp32_has_the_same_bits_on_one_and_two_threads) {
  const Fp32Trace one = train_fp32(GetParam().config, "portable", 1);
  const Fp32Trace two = train_fp32(GetParam().config, "portable", 2);

  EXPECT_EQ(one.users.back(), two.users.back());
  EXPECT_EQ(one.items.back(), two.items.back());
  EXPECT_EQ(one.losses, two.losses);
}

INSTANTIATE_TEST_SUITE_P(Runs, GoldenTest, testing::ValuesIn(golden_runs()),
                         [](const auto& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace alsace
