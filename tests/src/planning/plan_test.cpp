#include "src/planning/plan.hpp"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/complaint.hpp"

namespace alsace {
namespace {

constexpr double gibibyte = 1024.0 * 1024.0 * 1024.0;
constexpr TrainerTraits complete{.shared_windows = true, .needed_exchange = true, .overlapped_exchange = true};

Workload small_workload() {
  return {.users = 1000000, .items = 200000, .interactions = 100000000, .factors = 64};
}

const MemoryPart* part_of(const MemoryPlan& memory, const std::string& name) {
  const auto found =
      std::find_if(memory.parts.begin(), memory.parts.end(), [&](const MemoryPart& part) { return part.name == name; });
  return found == memory.parts.end() ? nullptr : &*found;
}

TEST(PlanRatesTest, measured_factors_have_their_own_rates) {
  Rates rates;
  rates.kernels = {{16, 8, 1, 50, 20}, {64, 32, 16, 800, 80}};

  EXPECT_EQ(rates_at(rates, 64).form_ns, 32);
  EXPECT_EQ(rates_at(rates, 16).solve_us, 1);
}

TEST(PlanRatesTest, rates_follow_a_power_between_and_the_operations_beyond) {
  Rates rates;
  rates.kernels = {{16, 8, 1, 50, 20}, {64, 32, 16, 800, 80}};

  EXPECT_NEAR(rates_at(rates, 32).form_ns, 16, 1e-12);     // K
  EXPECT_NEAR(rates_at(rates, 32).solve_us, 4, 1e-12);     // K²
  EXPECT_NEAR(rates_at(rates, 128).form_ns, 128, 1e-12);   // K² beyond
  EXPECT_NEAR(rates_at(rates, 128).solve_us, 128, 1e-12);  // K³ beyond
  EXPECT_NEAR(rates_at(rates, 8).loss_ns, 10, 1e-12);
}

TEST(PlanRatesTest, rates_that_are_not_positive_are_named) {
  Rates rates = default_rates();
  rates.kernels[1].solve_us = 0;
  rates.within_host.latency_seconds = -1;

  try {
    rates.validate("c.json");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::input);
    EXPECT_EQ(std::string(error.what()),
              "c.json: kernels at 32 factors: solve_us = 0, expected more than 0\n"
              "c.json: within_host.latency_seconds = -1, expected more than 0");
  }
}

TEST(PlanExchangeTest, one_rank_receives_nothing) {
  const Plan plan = make_plan(small_workload(), {}, default_rates(), ExchangeKind::auto_, complete);

  EXPECT_EQ(plan.exchange.replicate.bytes, 0);
  EXPECT_EQ(plan.exchange.needed.bytes, 0);
  EXPECT_EQ(plan.time.exchange_unhidden + plan.time.exchange_hidden, 0);
}

TEST(PlanExchangeTest, replicate_moves_the_rows_that_others_solve) {
  const RowLengths lengths = row_lengths(small_workload());
  const double all = 1200000.0 * 64 * 4;

  const auto copies = estimate_exchange(small_workload(), lengths, {.ranks = 8, .ranks_per_host = 2}, default_rates(),
                                        {.shared_windows = false});
  const auto windows =
      estimate_exchange(small_workload(), lengths, {.ranks = 8, .ranks_per_host = 2}, default_rates(), complete);

  EXPECT_DOUBLE_EQ(copies.replicate.bytes, all * 7 / 8);
  EXPECT_DOUBLE_EQ(copies.replicate.bytes_into_host, all * 6 / 8 * 2);
  EXPECT_DOUBLE_EQ(windows.replicate.bytes, all * 6 / 8 / 2);
  EXPECT_DOUBLE_EQ(windows.replicate.bytes_into_host, all * 6 / 8);
}

TEST(PlanExchangeTest, bf16_halves_what_moves) {
  Workload workload = small_workload();
  const RowLengths lengths = row_lengths(workload);
  const Cluster cluster{.ranks = 4};
  const auto fp32 = estimate_exchange(workload, lengths, cluster, default_rates());
  workload.precision = Precision::bf16;

  const auto bf16 = estimate_exchange(workload, lengths, cluster, default_rates());

  EXPECT_DOUBLE_EQ(bf16.replicate.bytes * 2, fp32.replicate.bytes);
  EXPECT_DOUBLE_EQ(bf16.lower_bound_bytes * 2, fp32.lower_bound_bytes);
}

TEST(PlanExchangeTest, needed_moves_the_lower_bound_and_no_more_than_replicate) {
  const RowLengths lengths = row_lengths(small_workload());
  for (const int ranks : {2, 16, 256}) {
    const auto plan = estimate_exchange(small_workload(), lengths, {.ranks = ranks}, default_rates(), complete);
    EXPECT_EQ(plan.needed.bytes, plan.lower_bound_bytes);
    EXPECT_LE(plan.needed.bytes, plan.replicate.bytes) << ranks << " ranks";
  }
}

TEST(PlanExchangeTest, side_is_rotated_whole_where_short_rows_have_more_interactions_than_it_has_rows) {
  const Workload workload{.users = 1000000, .items = 1000, .interactions = 10000000, .popularity = Popularity::uniform};
  const RowLengths lengths = row_lengths(workload);  // 10 a user, which is short, and 10,000 an item, which is not

  const auto one = estimate_exchange(workload, lengths, {}, default_rates());
  const auto many = estimate_exchange(workload, lengths, {.ranks = 20000}, default_rates());

  EXPECT_EQ(one.replicate.rotated_rows, 1000);
  EXPECT_EQ(many.replicate.rotated_rows, 0);  // 500 interactions a rank
}

TEST(PlanExchangeTest, auto_takes_what_fits_then_what_moves_a_fifth_less) {
  ExchangeEstimates plan;
  plan.replicate.bytes = 100;
  plan.needed.bytes = 79;

  EXPECT_EQ(predict_choice(plan, true, true, ExchangeKind::auto_).kind, ExchangeKind::needed);
  EXPECT_EQ(predict_choice(plan, true, true, ExchangeKind::auto_).why, "needed moves 79 % of the bytes of replicate");
  EXPECT_EQ(predict_choice(plan, true, false, ExchangeKind::auto_).kind, ExchangeKind::replicate);
  EXPECT_EQ(predict_choice(plan, true, true, ExchangeKind::replicate).kind, ExchangeKind::replicate);
  plan.needed.bytes = 81;
  EXPECT_EQ(predict_choice(plan, true, true, ExchangeKind::auto_).kind, ExchangeKind::replicate);
  EXPECT_EQ(predict_choice(plan, false, true, ExchangeKind::auto_).kind, ExchangeKind::needed);
}

TEST(PlanMemoryTest, parts_are_the_sizes_of_the_data_structures) {
  const ExchangeEstimate all{.held_users = 1000000, .held_items = 200000};
  Workload workload = small_workload();
  workload.precision = Precision::bf16;
  workload.factors = 40;
  workload.timestamps = true;

  const MemoryPlan memory = plan_memory(workload, {.ranks = 4}, all, ExchangeKind::replicate);

  EXPECT_EQ(part_of(memory, "interactions by user")->at(Stage::load), 25e6 * 8 + 250000 * 8);
  EXPECT_EQ(part_of(memory, "interactions by item")->at(Stage::load), 0);
  EXPECT_EQ(part_of(memory, "interactions by item")->at(Stage::train), 25e6 * 8 + 50000 * 8);
  EXPECT_EQ(part_of(memory, "timestamps")->at(Stage::prepare), 25e6 * 8);
  EXPECT_EQ(part_of(memory, "timestamps")->at(Stage::train), 0);
  EXPECT_EQ(part_of(memory, "factors")->at(Stage::train), 1200000.0 * 40 * 4);
  EXPECT_EQ(part_of(memory, "factors as bf16 rows")->at(Stage::train), 1200000.0 * 64 * 2);
  EXPECT_EQ(part_of(memory, "biases of all rows"), nullptr);
}

TEST(PlanMemoryTest, explicit_keeps_the_biases_of_all_rows_on_each_rank) {
  Workload workload = small_workload();
  workload.objective = Objective::explicit_;

  const MemoryPlan memory = plan_memory(workload, {.ranks = 64}, {}, ExchangeKind::replicate);

  EXPECT_EQ(part_of(memory, "biases of all rows")->at(Stage::train), 1200000.0 * 8);
}

TEST(PlanMemoryTest, ranks_of_a_host_share_a_window_and_nothing_else) {
  const ExchangeEstimate all{.held_users = 1000000, .held_items = 200000};
  const MemoryPlan memory =
      plan_memory(small_workload(), {.ranks = 4, .ranks_per_host = 4}, all, ExchangeKind::replicate, complete);

  const double factors = 1200000.0 * 64 * 4;
  EXPECT_TRUE(part_of(memory, "factors")->shared_by_host);
  EXPECT_NEAR(memory.host_peak(4), 4 * (memory.training_peak() - factors) + factors, 1);
}

TEST(PlanMemoryTest, checkpoint_that_overlaps_adds_to_the_sweep) {
  TrainerTraits overlapping = complete;
  overlapping.overlapped_checkpoint = true;
  overlapping.copies_for_checkpoint = false;
  overlapping.rotated_copy = true;
  const ExchangeEstimate all{.held_users = 1000000, .held_items = 200000, .rotated_rows = 1000000};

  const MemoryPlan memory = plan_memory(small_workload(), {}, all, ExchangeKind::replicate, overlapping);

  EXPECT_EQ(part_of(memory, "fixed side in the Gramian's basis")->at(Stage::checkpoint), 1000000.0 * 64 * 4);
  EXPECT_EQ(part_of(memory, "own factors, copied"), nullptr);
  EXPECT_GT(memory.at(Stage::checkpoint), memory.at(Stage::train));
}

TEST(PlanTest, half_the_ranks_of_one_host_take_twice_the_time_to_solve) {
  const Plan two = make_plan(small_workload(), {.ranks = 2, .ranks_per_host = 4}, default_rates(), ExchangeKind::auto_);
  const Plan four =
      make_plan(small_workload(), {.ranks = 4, .ranks_per_host = 4}, default_rates(), ExchangeKind::auto_);
  const Plan threads = make_plan(small_workload(), {.ranks = 2, .ranks_per_host = 2, .threads = 2}, default_rates(),
                                 ExchangeKind::auto_);

  EXPECT_DOUBLE_EQ(two.time.form, 2 * four.time.form);
  EXPECT_DOUBLE_EQ(two.time.solve, 2 * four.time.solve);
  EXPECT_DOUBLE_EQ(threads.time.form, four.time.form);
}

TEST(PlanTest, overlap_hides_the_exchange_behind_the_solves) {
  const Cluster cluster{.ranks = 16, .ranks_per_host = 1};
  TrainerTraits waits = complete;
  waits.overlapped_exchange = false;
  const Plan waiting = make_plan(small_workload(), cluster, default_rates(), ExchangeKind::replicate, waits);

  const Plan hiding = make_plan(small_workload(), cluster, default_rates(), ExchangeKind::replicate, complete);

  EXPECT_EQ(waiting.time.exchange_hidden, 0);
  EXPECT_GT(hiding.time.exchange_hidden, 0);
  EXPECT_NEAR(hiding.time.exchange_hidden + hiding.time.exchange_unhidden, waiting.time.exchange_unhidden, 1e-12);
}

TEST(PlanTest, memory_that_is_missing_is_the_first_limit_and_a_warning) {
  const Plan plan = make_plan(small_workload(), {.memory_per_host = gibibyte}, default_rates(), ExchangeKind::auto_);

  EXPECT_EQ(plan.limits.front().name, "memory of a host");
  EXPECT_GT(plan.limits.front().used(), 1);
  ASSERT_FALSE(plan.warnings.empty());
  EXPECT_EQ(plan.warnings.front().substr(0, 18), "memory of a host =");
}

TEST(PlanTest, needed_is_chosen_where_replicate_does_not_fit) {
  const Workload huge{.users = 1000000000, .items = 10000000, .interactions = 20000000000, .factors = 64};
  const Cluster cluster{.ranks = 256, .ranks_per_host = 4, .memory_per_host = 128 * gibibyte};

  const Plan plan = make_plan(huge, cluster, default_rates(), ExchangeKind::auto_, complete);

  EXPECT_EQ(plan.choice.kind, ExchangeKind::needed);
  EXPECT_LT(plan.host_memory, cluster.memory_per_host);
  EXPECT_GT(plan.other_host_memory, cluster.memory_per_host);
}

TEST(PlanTest, impossible_sizes_are_usage_errors_that_name_the_range) {
  EXPECT_EQ(test::complaint_about<Workload>({.users = 3, .items = 4, .interactions = 12, .factors = 3}), "");
  EXPECT_EQ(test::complaint_about<Workload>({.users = 3, .items = 4, .interactions = 13, .factors = 3}),
            "--interactions = 13, expected 1 to 12 (users × items: a pair counts once)");
  EXPECT_EQ(test::complaint_about<Workload>({.users = 0, .items = 4, .interactions = 1, .factors = 5000}),
            "--users = 0, expected 1 to 4294967295 (indices have 32 bits)\n--factors = 5000, expected 1 to 4096");
  EXPECT_EQ(test::complaint_about<Workload>({.users = 9, .items = 3, .interactions = 9, .factors = 4}),
            "--factors = 4, expected 1 to 3, the smaller of users and items");
  EXPECT_NO_THROW((Workload{.users = 9, .items = 3, .interactions = 9, .factors = 3}.validate()));
  EXPECT_EQ(test::complaint_about<Cluster>({.ranks = 0, .threads = 0}),
            "--ranks = 0, expected 1 to 1048576\n--threads = 0, expected 1 to 4096");
}

TEST(PlanTest, mean_digits_are_those_of_the_numbers_from_one) {
  EXPECT_DOUBLE_EQ(mean_digits(9), 1);
  EXPECT_DOUBLE_EQ(mean_digits(10), 1.1);
  EXPECT_DOUBLE_EQ(mean_digits(100), 1.92);
  EXPECT_DOUBLE_EQ(mean_digits(4294967295), (9 + 180 + 2700 + 36000 + 450000 + 5400000 + 63000000 + 720000000 +
                                             8100000000.0 + 10 * 3294967296.0) /
                                                4294967295.0);
}

}  // namespace
}  // namespace alsace
