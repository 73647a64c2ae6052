#include "mpi/training/trainer.hpp"

#include <algorithm>
#include <fstream>
#include <limits>
#include <map>
#include <optional>
#include <ostream>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "mpi/comm/collectives.hpp"
#include "mpi/data/load_input.hpp"
#include "mpi/training/prepare_data.hpp"
#include "src/als/initial_factors.hpp"
#include "src/als/row_cost.hpp"
#include "src/als/serial_trainer.hpp"
#include "src/error.hpp"
#include "tests/mpi/shared_folder.hpp"
#include "tests/support/npy_reader.hpp"
#include "tests/support/ratings_csv.hpp"

namespace alsace::mpi {
namespace {

const std::string data = ALSACE_TEST_DATA;
const std::string ratings = data + "/movietweetings/split_random/train_valid.csv";
const std::string two_users = "user,item,value\n1,1,1\n1,2,1\n2,2,1\n";

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
  ExchangeOptions exchange;
};

Outcome train(const Communicator& comm, const TrainingCase& run) {
  PhaseTimes times;
  LoadedDataset loaded = load_input(comm, {run.input}, {}, Duplicates::last, training_cost(run.config.factors));
  TrainingData prepared = prepare_data(comm, run.config, loaded);
  Outcome outcome;
  outcome.biases = prepared.biases;
  Trainer trainer(comm, run.config, kernel_table(supported_kernel_levels().back()), std::move(prepared), run.threads,
                  times, run.exchange);
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
  const TrainingCase run{small_config(GetParam()), 1, ratings, {}, {}};
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
  TrainingCase run{small_config(Objective::explicit_), 1, data + "/movietweetings/split_rating/train.csv", {}, {}};
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
  const test::SharedFolder folder(world);
  TrainingCase run{small_config(Objective::ials), 1, folder.write("two_users.csv", two_users), {}, {}};

  const Outcome together = train(world, run);
  const auto alone = train_on(world, 1, run);

  if (world.is_root()) {
    EXPECT_TRUE(same_bits(together.users, alone->users));
    EXPECT_TRUE(same_bits(together.items, alone->items));
    EXPECT_EQ(together.losses, alone->losses);
  }
}

/// The ways in which ranks exchange factors; two ranks a host stand for several machines.
struct ExchangeCase {
  const char* name;
  ExchangeOptions options;
};

std::ostream& operator<<(std::ostream& out, const ExchangeCase& exchange) {
  return out << exchange.name;
}

const ExchangeCase exchange_cases[] = {
    {"shared", {.kind = Exchange::replicate}},
    {"private", {.kind = Exchange::replicate, .shared_bytes_free = 0}},
    {"two_hosts", {.kind = Exchange::replicate, .ranks_per_host = 2}},
    {"at_the_end", {.kind = Exchange::replicate, .overlap = false, .ranks_per_host = 1}},
    {"needed", {.kind = Exchange::needed}},
};

class TrainerExchangeTest : public testing::TestWithParam<ExchangeCase> {};

TEST_P(TrainerExchangeTest, leaves_the_bits_of_one_rank_alone) {
  const auto world = Communicator::world();
  for (const auto objective : {Objective::ials, Objective::hkv, Objective::explicit_}) {
    double fp32_loss = 0;
    for (const auto precision : {Precision::fp32, Precision::bf16}) {
      TrainingCase run{small_config(objective), 1, ratings, {}, {}};
      run.config.precision = precision;
      run.config.sweeps = 2;
      const auto alone = train_on(world, 1, run);
      run.exchange = GetParam().options;

      run.threads = std::max(1, 4 - world.size());  // more would only wait for each other
      const Outcome together = train(world, run);

      if (!world.is_root()) continue;
      const std::string which = fmt::format("{}, {}", name_of(objective), name_of(precision));
      EXPECT_TRUE(same_bits(together.users, alone->users)) << which;
      EXPECT_TRUE(same_bits(together.items, alone->items)) << which;
      EXPECT_EQ(together.losses, alone->losses) << which;
      if (precision == Precision::fp32) fp32_loss = alone->losses.back();
      EXPECT_NEAR(alone->losses.back() / fp32_loss, 1.0, 1e-3) << which;  // bf16 rounds by 2⁻⁹, and errors cancel
    }
  }
}

TEST_P(TrainerExchangeTest, more_ranks_than_rows_train_as_one) {
  const auto world = Communicator::world();
  const test::SharedFolder folder(world);
  TrainingCase run{small_config(Objective::ials), 1, folder.write("two_users.csv", two_users), {}, {}};
  const auto alone = train_on(world, 1, run);
  run.exchange = GetParam().options;

  const Outcome together = train(world, run);

  if (world.is_root()) {
    EXPECT_TRUE(same_bits(together.users, alone->users));
    EXPECT_TRUE(same_bits(together.items, alone->items));
    EXPECT_EQ(together.losses, alone->losses);
  }
}

/// A trainer after one sweep, and what it needs to live.
struct SweptTrainer {
  SweptTrainer(const Communicator& comm, const TrainConfig& config, const ExchangeOptions& exchange) {
    LoadedDataset loaded = load_input(comm, {ratings}, {}, Duplicates::last, training_cost(config.factors));
    TrainingData prepared = prepare_data(comm, config, loaded);
    by_user = prepared.by_user;
    trainer.emplace(comm, config, kernel_table("portable"), std::move(prepared), 2, times, exchange);
    trainer->start([&](RowRange range, float* rows) { initialize_items(config, range, rows); });
    (void)trainer->sweep({}, false);
  }
  PhaseTimes times;
  SparseRows by_user;  ///< with global columns
  std::optional<Trainer> trainer;
};

TEST_P(TrainerExchangeTest, a_stopped_sweep_leaves_the_state_before_it) {
  const auto world = Communicator::world();
  SweptTrainer swept(world, small_config(Objective::ials), GetParam().options);
  Trainer& trainer = *swept.trainer;
  const FactorMatrix users = trainer.users().gather();
  const FactorMatrix items = trainer.items().gather();
  const FactorMatrix held_users = trainer.users().held();
  const FactorMatrix held_items = trainer.items().held();
  std::stop_source stop;
  if (world.rank() == world.size() - 1) stop.request_stop();  // one rank is told; all stop

  const auto loss = trainer.sweep(stop.get_token(), true);

  EXPECT_FALSE(loss.has_value());
  EXPECT_TRUE(same_bits(trainer.users().gather(), users));
  EXPECT_TRUE(same_bits(trainer.items().gather(), items));
  EXPECT_TRUE(same_bits(trainer.users().held(), held_users));
  EXPECT_TRUE(same_bits(trainer.items().held(), held_items));
}

TEST_P(TrainerExchangeTest, an_error_on_one_rank_is_thrown_on_all_with_no_message_under_way) {
  const auto world = Communicator::world();
  const TrainConfig config = small_config(Objective::explicit_);
  LoadedDataset loaded = load_input(world, {ratings}, {}, Duplicates::last, training_cost(config.factors));
  TrainingData prepared = prepare_data(world, config, loaded);
  if (world.rank() == world.size() - 1) prepared.by_user.values.back() = std::numeric_limits<float>::quiet_NaN();
  PhaseTimes times;
  Trainer trainer(world, config, kernel_table("portable"), std::move(prepared), 2, times, GetParam().options);
  trainer.start([&](RowRange range, float* rows) { initialize_items(config, range, rows); });

  // Again: a message of the first attempt that was still under way would be taken for one of the second.
  for (int attempt = 0; attempt < 2; ++attempt) EXPECT_THROW((void)trainer.sweep({}, false), AgreedError);
}

TEST_P(TrainerExchangeTest, names_global_items_as_seen_and_gathers_all_rows) {
  const auto world = Communicator::world();
  SweptTrainer swept(world, small_config(Objective::ials), GetParam().options);
  const Trainer& trainer = *swept.trainer;

  const std::vector<std::uint32_t> seen = trainer.seen_items();
  const FactorMatrix items = trainer.items().gather();

  EXPECT_EQ(seen, swept.by_user.columns);
  EXPECT_EQ(trainer.items().holds_all(), GetParam().options.kind != Exchange::needed);
  const auto& places = trainer.data().by_user.columns;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    ASSERT_LT(places[i], trainer.items().held().rows());
    ASSERT_EQ(trainer.items().held().row(places[i]), items.row(seen[i])) << "interaction " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Exchanges, TrainerExchangeTest, testing::ValuesIn(exchange_cases),
                         [](const auto& param_info) { return std::string(param_info.param.name); });

TEST(TrainerTest, ranks_share_factors_where_memory_has_room_for_both_sides) {
  const auto world = Communicator::world();
  const TrainConfig config = small_config(Objective::ials);
  const SweptTrainer roomy(world, config, {.kind = Exchange::replicate});
  const std::uint64_t rows = roomy.trainer->users().map().rows() + roomy.trainer->items().map().rows();
  const std::uint64_t both_sides = rows * 16 * sizeof(float);  // 64 bytes a row: no padding

  const SweptTrainer just(world, config, {.kind = Exchange::replicate, .shared_bytes_free = both_sides});
  const SweptTrainer tight(world, config, {.kind = Exchange::replicate, .shared_bytes_free = both_sides - 1});

  EXPECT_EQ(roomy.trainer->users().is_shared(), world.size() > 1);
  EXPECT_EQ(just.trainer->items().is_shared(), world.size() > 1);
  EXPECT_FALSE(tight.trainer->users().is_shared());
  EXPECT_FALSE(tight.trainer->items().is_shared());
}

TEST(TrainerTest, needed_holds_less_than_all_where_shards_touch_less) {
  const auto world = Communicator::world();
  if (world.size() < 4) GTEST_SKIP() << "four ranks";
  const SweptTrainer swept(world, small_config(Objective::ials), {.kind = Exchange::needed});

  const auto held = static_cast<std::uint64_t>(swept.trainer->users().held().rows());

  EXPECT_LT(held, swept.trainer->users().map().rows());
}

}  // namespace
}  // namespace alsace::mpi
