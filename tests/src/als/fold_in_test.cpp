#include "src/als/fold_in.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <set>
#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/als/bf16_rows.hpp"
#include "src/als/bias_model.hpp"
#include "src/als/half_sweep.hpp"
#include "src/als/prepare_values.hpp"
#include "src/error.hpp"
#include "src/evaluation/evaluate_users.hpp"
#include "tests/support/dense_problem.hpp"

namespace alsace {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint32_t item_count = 300;

/// Everything that a model can differ in for the people who are folded in.
std::vector<TrainConfig> all_configs() {
  std::vector<TrainConfig> configs;
  for (const Objective objective : {Objective::ials, Objective::hkv}) {
    TrainConfig config = TrainConfig::defaults(objective);
    config.regularization_exponent = 0.5;
    config.regularization_unobserved = 0.03;  // so that hkv, too, reads how many items there are
    configs.push_back(config);
    config.value = ValueMeaning::raw;
    for (const Negatives negatives : {Negatives::dislike, Negatives::drop}) {
      config.negatives = negatives;
      configs.push_back(config);
    }
  }
  TrainConfig config = TrainConfig::defaults(Objective::explicit_);
  for (const Biases biases : {Biases::full, Biases::mean, Biases::none}) {
    config.biases = biases;
    configs.push_back(config);
  }
  return configs;
}

std::string name_of_config(const TrainConfig& config) {
  return fmt::format("{}, {}, {}, {}, K = {}", name_of(config.objective), name_of(config.value),
                     name_of(config.negatives), name_of(config.biases), config.factors);
}

/// Histories with zeros, negative values and fractions; the second user has none, the third only zeros. No user has met
/// the items of the first and the last fifth.
SparseRows histories() {
  std::mt19937 random(5);
  SparseRows rows;
  for (const std::size_t length : {40U, 0U, 3U, 1U, 17U, 64U, 65U, 150U, 2U, 90U}) {
    std::set<std::uint32_t> items;
    while (items.size() < length)
      items.insert(item_count / 5 + static_cast<std::uint32_t>(random() % (item_count / 5 * 3)));
    for (const std::uint32_t item : items) {
      rows.columns.push_back(item);
      rows.values.push_back(length == 3 ? 0.0F : 0.3F * static_cast<float>(random() % 11) - 0.9F);
    }
    rows.offsets.push_back(rows.columns.size());
  }
  return rows;
}

/// A model whose item side is known; what folding in does not read is left out.
struct Model {
  ModelInfo info;
  FactorMatrix items;
  std::vector<double> item_biases;
};

Model model_of(const TrainConfig& config) {
  Model model;
  model.info.config = config;
  model.info.items = item_count;
  model.items = test::random_factors(item_count, config.factors, 3) * 0.3F;
  const FactorMatrix64 wide = model.items.cast<double>();
  model.info.item_gramian = wide.transpose() * wide;
  if (config.objective != Objective::explicit_ || config.biases == Biases::none) return model;
  model.info.mean = 0.61;
  if (config.biases == Biases::mean) return model;
  for (std::uint32_t item = 0; item < item_count; ++item) model.item_biases.push_back(std::sin(item) / 3);
  return model;
}

/// What a user half-sweep over all items gives these people, the way mpi/training prepares it.
FoldedUsers trained(const Model& model, const SparseRows& data, const KernelTable& kernels) {
  const TrainConfig& config = model.info.config;
  SparseRows rows = prepare_values(config, data).rows;
  BiasModel biases{.mean = model.info.mean, .user = {}, .item = model.item_biases};
  if (!model.item_biases.empty())
    biases.user = fit_row_biases(rows, model.info.mean, model.item_biases, config.bias_regularization);
  if (config.objective == Objective::explicit_) subtract_biases(biases, true, rows);

  FoldedUsers users;
  users.factors = FactorMatrix::Zero(static_cast<Eigen::Index>(rows.rows()), config.factors);
  half_sweep({config, kernels, rows, model.items, model.info.item_gramian}, users.factors.data(), {});
  UsersView view;
  view.count = rows.rows();
  view.mean = model.info.mean;
  view.biases = biases.user;
  view.has_biases = config.objective == Objective::explicit_ && config.biases != Biases::none;
  users.offsets = score_offsets(view);
  return users;
}

/// The rows of the items that the events name, and the events as rows over these.
struct Gathered {
  SparseRows events;
  GatheredItems items;
};

Gathered gather(const Model& model, const std::vector<std::vector<Event>>& people) {
  std::set<std::uint32_t> named;
  for (const auto& events : people)
    for (const Event& event : events) named.insert(event.item);
  Gathered gathered;
  gathered.items.items.assign(named.begin(), named.end());
  gathered.items.factors.resize(static_cast<Eigen::Index>(named.size()), model.items.cols());
  for (std::size_t i = 0; i < named.size(); ++i) {
    const std::uint32_t item = gathered.items.items[i];
    gathered.items.factors.row(static_cast<Eigen::Index>(i)) = model.items.row(item);
    if (!model.item_biases.empty()) gathered.items.biases.push_back(model.item_biases[item]);
  }
  for (const auto& events : people) {
    for (const Event& event : events) {
      const auto at = std::lower_bound(gathered.items.items.begin(), gathered.items.items.end(), event.item);
      gathered.events.columns.push_back(static_cast<std::uint32_t>(at - gathered.items.items.begin()));
      gathered.events.values.push_back(event.value);
    }
    gathered.events.offsets.push_back(gathered.events.columns.size());
  }
  return gathered;
}

/// The histories as clients send them: in any order.
std::vector<std::vector<Event>> people_of(const TrainConfig& config, const SparseRows& rows) {
  std::mt19937 random(9);
  std::vector<std::vector<Event>> people;
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    std::vector<Event> events;
    for (std::size_t i = 0; i < rows.row_length(row); ++i)
      events.push_back({rows.columns_of(row)[i], rows.values_of(row)[i]});
    std::shuffle(events.begin(), events.end(), random);
    people.push_back(prepare_events(config, events));
  }
  return people;
}

void expect_same_bits(const FoldedUsers& actual, const FoldedUsers& expected) {
  ASSERT_EQ(actual.factors.rows(), expected.factors.rows());
  ASSERT_EQ(actual.factors.cols(), expected.factors.cols());
  const auto row_bytes = static_cast<std::size_t>(expected.factors.cols()) * sizeof(float);
  for (Eigen::Index row = 0; row < expected.factors.rows(); ++row)
    EXPECT_EQ(std::memcmp(actual.factors.row(row).data(), expected.factors.row(row).data(), row_bytes), 0)
        << "row " << row << ": " << actual.factors.row(row) << " instead of " << expected.factors.row(row);
  EXPECT_EQ(actual.offsets, expected.offsets);
}

class FoldInLevelTest : public testing::TestWithParam<std::string_view> {};

TEST_P(FoldInLevelTest, gives_a_history_the_bits_of_a_half_sweep_over_all_items) {
  const KernelTable& kernels = kernel_table(GetParam());
  const SparseRows data = histories();
  for (TrainConfig config : all_configs()) {
    for (const int factors : {1, 7, 16, 64}) {
      config.factors = factors;
      SCOPED_TRACE(name_of_config(config));
      const Model model = model_of(config);
      const FoldedUsers expected = trained(model, data, kernels);
      const Gathered gathered = gather(model, people_of(config, data));
      ASSERT_LT(gathered.items.items.size(), item_count * 2 / 3);
      ASSERT_FALSE(expected.factors.row(0).isZero(0));

      const FoldedUsers folded = fold_in(model.info, kernels, gathered.events, gathered.items, 2);

      expect_same_bits(folded, expected);
    }
  }
}

TEST_P(FoldInLevelTest, gives_the_bits_of_a_half_sweep_by_every_solver_and_precision) {
  const KernelTable& kernels = kernel_table(GetParam());
  const SparseRows data = histories();
  for (const Objective objective : {Objective::ials, Objective::hkv, Objective::explicit_}) {
    for (const Solver solver : {Solver::auto_, Solver::dual, Solver::cg, Solver::subspace}) {
      for (const Precision precision : {Precision::fp32, Precision::bf16}) {
        TrainConfig config = TrainConfig::defaults(objective);
        config.factors = 70;
        config.solver = solver;
        config.precision = precision;
        SCOPED_TRACE(fmt::format("{}, {}, {}", name_of(objective), name_of(solver), name_of(precision)));
        Model model = model_of(config);
        if (precision == Precision::bf16)
          round_to_bf16(model.items.data(), static_cast<std::size_t>(model.items.size()));
        const FoldedUsers expected = trained(model, data, kernels);
        const Gathered gathered = gather(model, people_of(config, data));
        const SharedBasis basis = shared_basis(model.info.item_gramian);

        expect_same_bits(fold_in(model.info, kernels, gathered.events, gathered.items, 2), expected);
        expect_same_bits(fold_in(model.info, kernels, gathered.events, gathered.items, 1, &basis), expected);
      }
    }
  }
}

TEST_P(FoldInLevelTest, gives_a_person_the_same_bits_alone_and_among_others) {
  const KernelTable& kernels = kernel_table(GetParam());
  TrainConfig config = TrainConfig::defaults(Objective::explicit_);
  config.factors = 7;
  const Model model = model_of(config);
  const auto people = people_of(config, histories());
  const Gathered all = gather(model, people);
  const FoldedUsers together = fold_in(model.info, kernels, all.events, all.items, 2);

  for (std::size_t person = 0; person < people.size(); ++person) {
    const Gathered alone = gather(model, {people[person]});
    const FoldedUsers folded = fold_in(model.info, kernels, alone.events, alone.items, 1);

    EXPECT_EQ(folded.factors.row(0), together.factors.row(static_cast<Eigen::Index>(person))) << "person " << person;
    EXPECT_EQ(folded.offsets.at(0), together.offsets[person]) << "person " << person;
  }
}

INSTANTIATE_TEST_SUITE_P(Levels, FoldInLevelTest, testing::ValuesIn(supported_kernel_levels()),
                         [](const auto& each) { return std::string(each.param); });

TEST(FoldInTest, fits_a_bias_by_hand_and_solves_its_residuals) {
  TrainConfig config = TrainConfig::defaults(Objective::explicit_);
  config.factors = 1;
  config.regularization = 0.5;
  Model model = model_of(config);
  model.info.mean = 3;
  const GatheredItems items{{7, 9}, FactorMatrix::Constant(2, 1, 2.0F), {0.5, -1}};
  const SparseRows events{.first_row = 0, .offsets = {0, 2}, .columns = {0, 1}, .values = {4, 5}};

  const FoldedUsers folded = fold_in(model.info, kernel_table("portable"), events, items, 1);

  // b_u = ((4 − 3 − 0.5) + (5 − 3 + 1)) / (2 + 2) = 0.875; residuals −0.375 and 2.125; (2·2² + 0.5·2) x = 2·1.75.
  EXPECT_EQ(folded.offsets, std::vector<double>{3.875});
  EXPECT_FLOAT_EQ(folded.factors(0, 0), 3.5F / 9.0F);
}

TEST(FoldInTest, nobody_with_any_event_needs_no_items) {
  for (TrainConfig config : all_configs()) {
    config.factors = 3;
    SCOPED_TRACE(name_of_config(config));
    const Model model = model_of(config);
    const SparseRows events{.first_row = 0, .offsets = {0, 0, 0}, .columns = {}, .values = {}};

    const FoldedUsers folded = fold_in(model.info, kernel_table("portable"), events, {}, 1);

    EXPECT_EQ(folded.factors, FactorMatrix::Zero(2, 3));
    const bool has_offsets = config.objective == Objective::explicit_ && config.biases != Biases::none;
    EXPECT_EQ(folded.offsets, has_offsets ? std::vector<double>(2, 0.61) : std::vector<double>());
  }
}

TEST(FoldInTest, names_the_person_whose_system_is_singular) {
  TrainConfig config = TrainConfig::defaults(Objective::explicit_);
  config.factors = 1;
  config.regularization = 0;
  Model model = model_of(config);
  model.items.row(100).setZero();
  const Gathered gathered = gather(model, {{{101, 1.0F}}, {{100, 1.0F}}});

  try {
    (void)fold_in(model.info, kernel_table("portable"), gathered.events, gathered.items, 1);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::numerics);
    EXPECT_THAT(error.what(), testing::StartsWith("person 1: "));
  }
}

TEST(PrepareEventsTest, sorts_by_item_and_merges_what_comes_twice) {
  const std::vector<Event> events{{9, 2}, {4, 1}, {9, 0.5F}, {2, 3}, {9, 4}};
  TrainConfig raw = TrainConfig::defaults(Objective::hkv);
  raw.value = ValueMeaning::raw;
  const TrainConfig ratings = TrainConfig::defaults(Objective::explicit_);

  EXPECT_THAT(prepare_events(raw, events), ElementsAre(Event{2, 3}, Event{4, 1}, Event{9, 6.5F}));
  EXPECT_THAT(prepare_events(ratings, events), ElementsAre(Event{2, 3}, Event{4, 1}, Event{9, 4}));
}

TEST(PrepareEventsTest, reads_values_as_training_does) {
  const std::vector<Event> events{{1, 0}, {2, -2}, {3, 5}, {4, 1}, {4, -1}};
  TrainConfig config = TrainConfig::defaults(Objective::ials);

  EXPECT_THAT(prepare_events(config, events), ElementsAre(Event{1, 1}, Event{2, 1}, Event{3, 1}, Event{4, 1}));
  config.value = ValueMeaning::raw;
  config.negatives = Negatives::drop;
  EXPECT_THAT(prepare_events(config, events), ElementsAre(Event{3, 5}));
  config.negatives = Negatives::dislike;
  EXPECT_THAT(prepare_events(config, events), ElementsAre(Event{2, -2}, Event{3, 5}));
  EXPECT_THAT(prepare_events(TrainConfig::defaults(Objective::explicit_), events),
              ElementsAre(Event{1, 0}, Event{2, -2}, Event{3, 5}, Event{4, -1}));
  EXPECT_THAT(prepare_events(config, {}), IsEmpty());
}

TEST(PrepareEventsTest, adds_the_largest_values_there_may_be) {
  TrainConfig config = TrainConfig::defaults(Objective::ials);
  config.value = ValueMeaning::raw;

  const std::vector<Event> prepared = prepare_events(config, std::vector<Event>(1024, {8, largest_event_value}));

  EXPECT_THAT(prepared, ElementsAre(Event{8, 1024 * largest_event_value}));
}

TEST(AcceptsValueTest, refuses_what_the_objective_cannot_read) {
  for (TrainConfig config : all_configs()) {
    SCOPED_TRACE(name_of_config(config));

    EXPECT_FALSE(accepts_value(config, std::numeric_limits<float>::quiet_NaN()));
    EXPECT_FALSE(accepts_value(config, -std::numeric_limits<float>::infinity()));
    EXPECT_FALSE(accepts_value(config, 1.1F * largest_event_value));
    EXPECT_TRUE(accepts_value(config, largest_event_value));
    EXPECT_TRUE(accepts_value(config, 0));
    EXPECT_TRUE(accepts_value(config, -1));  // none of these configurations takes it for an error

    config.negatives = Negatives::error;
    const bool strength = config.objective != Objective::explicit_ && config.value == ValueMeaning::raw;
    EXPECT_EQ(accepts_value(config, -1), !strength);
    EXPECT_TRUE(accepts_value(config, -0.0F));
  }
}

}  // namespace
}  // namespace alsace
