#include "mpi/training/trainer.hpp"

#include <fstream>
#include <map>
#include <optional>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "mpi/comm/collectives.hpp"
#include "mpi/data/load_input.hpp"
#include "mpi/training/prepare_data.hpp"
#include "src/als/initial_factors.hpp"
#include "src/als/row_cost.hpp"
#include "src/als/serial_trainer.hpp"
#include "src/error.hpp"
#include "tests/support/npy_reader.hpp"
#include "tests/support/ratings_csv.hpp"

namespace alsace::mpi {
namespace {

const std::string data = ALSACE_TEST_DATA;
const std::string ratings = data + "/movietweetings/split_random/train_valid.csv";

/// Everything a run left behind, whole on each of its ranks.
struct Outcome {
  FactorMatrix users;
  FactorMatrix items;
  std::vector<double> losses;
  BiasModel biases;
  std::map<int, std::pair<FactorMatrix, FactorMatrix>> after;  // by sweep
};

struct TrainingCase {
  TrainConfig config;
  int threads = 1;
  std::string input = ratings;
  std::optional<FactorMatrix> initial_items;
};

Outcome train(const Communicator& comm, const TrainingCase& run) {
  PhaseTimes times;
  LoadedDataset loaded = load_input(comm, {run.input}, {}, Duplicates::last, training_cost(run.config.factors));
  TrainingData prepared = prepare_data(comm, run.config, loaded);
  Outcome outcome;
  outcome.biases = prepared.biases;
  Trainer trainer(comm, run.config, kernel_table(supported_kernel_levels().back()), std::move(prepared), run.threads,
                  times);
  trainer.start([&](RowRange range, float* rows) {
    if (run.initial_items) {
      std::copy_n(run.initial_items->data() + static_cast<Eigen::Index>(range.begin) * run.config.factors,
                  static_cast<Eigen::Index>(range.size()) * run.config.factors, rows);
    } else {
      initialize_items(run.config, range, rows);
    }
  });
  for (int sweep = 1; sweep <= run.config.sweeps; ++sweep) {
    outcome.losses.push_back(trainer.sweep({}, false).value());
    if (sweep == 1 || sweep == run.config.sweeps) {
      outcome.after[sweep] = {trainer.users().gather(), trainer.items().gather()};
    }
  }
  outcome.users = trainer.users().gather();
  outcome.items = trainer.items().gather();
  return outcome;
}

/// Trains on the first `ranks` ranks of the world; the others return nothing.
std::optional<Outcome> train_on(const Communicator& world, int ranks, const TrainingCase& run) {
  const Communicator part = world.split(world.rank() < ranks ? 0 : 1, world.rank());
  if (world.rank() >= ranks) return std::nullopt;
  return train(part, run);
}

bool same_bits(const FactorMatrix& a, const FactorMatrix& b) {
  return a.rows() == b.rows() && a.cols() == b.cols() &&
         std::memcmp(a.data(), b.data(), sizeof(float) * static_cast<std::size_t>(a.size())) == 0;
}

TrainConfig small_config(Objective objective) {
  TrainConfig config = TrainConfig::defaults(objective);
  config.factors = 16;
  config.sweeps = 3;
  return config;
}

class TrainerBitsTest : public testing::TestWithParam<Objective> {};

TEST_P(TrainerBitsTest, are_equal_on_every_rank_and_thread_count) {
  const auto world = Communicator::world();
  const TrainingCase run{small_config(GetParam()), 1, ratings, {}};
  const auto alone = train_on(world, 1, run);

  for (int ranks = 1; ranks <= world.size(); ++ranks) {
    TrainingCase threaded = run;
    threaded.threads = 2;
    const auto outcome = train_on(world, ranks, ranks == 1 ? threaded : run);

    if (!world.is_root()) continue;
    EXPECT_TRUE(same_bits(outcome->users, alone->users)) << ranks << " ranks";
    EXPECT_TRUE(same_bits(outcome->items, alone->items)) << ranks << " ranks";
    EXPECT_EQ(outcome->losses, alone->losses) << ranks << " ranks";
  }
}

INSTANTIATE_TEST_SUITE_P(Objectives, TrainerBitsTest,
                         testing::Values(Objective::ials, Objective::hkv, Objective::explicit_));

/// ‖X − X*‖_F / ‖X*‖_F, and the worst row's error over its norm.
std::pair<double, double> errors(const FactorMatrix& found, const FactorMatrix64& expected) {
  const FactorMatrix64 difference = found.cast<double>() - expected;
  double worst = 0;
  for (Eigen::Index row = 0; row < expected.rows(); ++row) {
    const double norm = expected.row(row).norm();
    if (norm > 0) worst = std::max(worst, difference.row(row).norm() / norm);
  }
  return {difference.norm() / expected.norm(), worst};
}

class GoldenTraceTest : public testing::TestWithParam<const char*> {};

TEST_P(GoldenTraceTest, fp32_on_ranks_stays_within_its_limits) {
  const auto world = Communicator::world();
  const std::string name = GetParam();
  std::ifstream file(data + "/golden/golden.json");
  const auto golden = nlohmann::json::parse(file).at(name);
  const bool ratings_run = name.starts_with("alswr");
  TrainingCase run;
  TrainConfig& config = run.config;
  config = TrainConfig::defaults(ratings_run                  ? Objective::explicit_
                                 : golden.at("kind") == "hkv" ? Objective::hkv
                                                              : Objective::ials);
  config.factors = 16;
  config.sweeps = 10;
  config.regularization = golden.at("lam");
  config.precision = Precision::fp32;
  config.solver = Solver::cholesky;
  if (ratings_run) {
    config.regularization_exponent = 1;
    config.biases = name == "alswr_centered" ? Biases::mean : Biases::none;
  } else {
    config.regularization_exponent = golden.at("nu");
    config.regularization_unobserved = golden.at("a0");
    config.alpha = config.objective == Objective::hkv ? golden.at("alpha").get<double>() : config.alpha;
    config.unobserved_weight = golden.at("alpha");
    config.value = name == "hkv_val" ? ValueMeaning::raw : ValueMeaning::binary;
  }
  run.initial_items = test::read_npy(data + "/golden/initial_items.npy").cast<float>();

  const Outcome outcome = train(world, run);

  const std::vector<double> losses = golden.at("loss");
  for (std::size_t sweep = 0; sweep < losses.size(); ++sweep) {
    EXPECT_NEAR(outcome.losses[sweep] / losses[sweep], 1.0, 2e-6) << "sweep " << sweep + 1;
  }
  for (const int sweep : {1, 10}) {
    if (name == "hkv_nu05" || name == "alswr_plain") break;  // these have losses only
    for (const char* side : {"X", "Y"}) {
      const auto expected =
          test::read_npy(data + "/golden/" + name + "_" + side + "_it" + std::to_string(sweep) + ".npy");
      const auto& [users, items] = outcome.after.at(sweep);
      const auto [whole, worst_row] = errors(*side == 'X' ? users : items, expected);
      EXPECT_LE(whole, 1e-5) << side << " after sweep " << sweep;
      EXPECT_LE(worst_row, 1e-5) << side << " after sweep " << sweep;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Runs, GoldenTraceTest,
                         testing::Values("hkv_bin", "hkv_val", "hkv_nu1", "hkv_nu05", "ials_nu1", "alswr_centered",
                                         "alswr_plain"));

TEST(TrainerTest, biases_equal_those_of_the_serial_trainer) {
  const auto world = Communicator::world();
  TrainingCase run{small_config(Objective::explicit_), 1, data + "/movietweetings/split_rating/train.csv", {}};
  run.config.sweeps = 1;
  run.config.biases = Biases::full;
  const auto matrix = test::to_matrix(test::read_ratings(run.input));
  run.initial_items = FactorMatrix::Constant(static_cast<Eigen::Index>(matrix.items.size()), run.config.factors, 0.1F);

  const Outcome outcome = train(world, run);
  const SerialModel serial =
      train_serially(run.config, matrix.by_user, matrix.items.size(), run.initial_items->cast<double>());

  EXPECT_NEAR(outcome.biases.mean, serial.biases.mean, 1e-12);
  ASSERT_EQ(outcome.biases.user.size(), serial.biases.user.size());
  for (std::size_t u = 0; u < serial.biases.user.size(); ++u) {
    ASSERT_NEAR(outcome.biases.user[u], serial.biases.user[u], 1e-10) << "user " << u;
  }
  for (std::size_t i = 0; i < serial.biases.item.size(); ++i) {
    ASSERT_NEAR(outcome.biases.item[i], serial.biases.item[i], 1e-10) << "item " << i;
  }
  EXPECT_NEAR(outcome.losses[0] / serial.losses[0], 1.0, 2e-6);
}

TEST(TrainerTest, more_ranks_than_rows_train_as_one) {
  const auto world = Communicator::world();
  const std::string path = testing::TempDir() + "two_users.csv";
  if (world.is_root()) std::ofstream(path) << "user,item,value\n1,1,1\n1,2,1\n2,2,1\n";
  barrier(world);
  TrainingCase run{small_config(Objective::ials), 1, path, {}};

  const Outcome together = train(world, run);
  const auto alone = train_on(world, 1, run);

  if (world.is_root()) {
    EXPECT_TRUE(same_bits(together.users, alone->users));
    EXPECT_TRUE(same_bits(together.items, alone->items));
    EXPECT_EQ(together.losses, alone->losses);
  }
}

TEST(TrainerTest, a_stopped_sweep_leaves_the_state_before_it) {
  const auto world = Communicator::world();
  const TrainConfig config = small_config(Objective::ials);
  PhaseTimes times;
  LoadedDataset loaded = load_input(world, {ratings}, {}, Duplicates::last, training_cost(config.factors));
  Trainer trainer(world, config, kernel_table("portable"), prepare_data(world, config, loaded), 1, times);
  trainer.start([&](RowRange range, float* rows) { initialize_items(config, range, rows); });
  (void)trainer.sweep({}, false);
  const FactorMatrix users = trainer.users().gather();
  const FactorMatrix items = trainer.items().gather();
  std::stop_source stop;
  if (world.rank() == world.size() - 1) stop.request_stop();  // one rank is told; all stop

  const auto loss = trainer.sweep(stop.get_token(), true);

  EXPECT_FALSE(loss.has_value());
  EXPECT_TRUE(same_bits(trainer.users().gather(), users));
  EXPECT_TRUE(same_bits(trainer.items().gather(), items));
}

}  // namespace
}  // namespace alsace::mpi
