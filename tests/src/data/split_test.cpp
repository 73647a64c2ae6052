#include "src/data/split.hpp"

#include <algorithm>
#include <numeric>

#include <gtest/gtest.h>

#include "tests/support/complaint.hpp"

namespace alsace {
namespace {

std::vector<std::uint32_t> numbered_items(std::size_t n) {
  std::vector<std::uint32_t> items(n);
  std::iota(items.begin(), items.end(), 0U);
  return items;
}

std::size_t count(const std::vector<Part>& parts, Part part) {
  return static_cast<std::size_t>(std::count(parts.begin(), parts.end(), part));
}

TEST(SplitTest, fractions_are_decimal_and_round_down) {
  EXPECT_EQ(fraction_of(100, 0.29), 29U);  // 100 * 0.29 is 28.999999999999996 in doubles
  EXPECT_EQ(fraction_of(10, 0.3), 3U);
  EXPECT_EQ(fraction_of(9, 0.1), 0U);
  EXPECT_EQ(fraction_of(19, 0.1), 1U);
  EXPECT_EQ(fraction_of(1000000000000, 0.1), 100000000000U);
}

TEST(SplitTest, user_random_takes_exact_counts_and_leaves_every_user_one) {
  const SplitConfig config{.scheme = SplitScheme::user_random, .test = 0.5, .valid = 0.49};

  for (std::size_t n = 1; n <= 200; ++n) {
    const auto parts = split_row(config, {}, n, numbered_items(n), {});

    ASSERT_EQ(parts.size(), n);
    EXPECT_EQ(count(parts, Part::test), n / 2) << n;
    EXPECT_EQ(count(parts, Part::valid), 49 * n / 100) << n;
    EXPECT_GE(count(parts, Part::train), 1U) << n;
  }
}

TEST(SplitTest, user_random_depends_on_seed_and_user_and_not_on_the_order_of_items) {
  SplitConfig config{.scheme = SplitScheme::user_random, .test = 0.5};
  const auto items = numbered_items(64);
  const auto parts = split_row(config, {}, 7, items, {});
  const auto other_user = split_row(config, {}, 8, items, {});
  config.seed = 2;
  const auto other_seed = split_row(config, {}, 7, items, {});
  config.seed = 1;

  std::vector<std::uint32_t> backwards(items.rbegin(), items.rend());
  auto parts_backwards = split_row(config, {}, 7, backwards, {});
  std::reverse(parts_backwards.begin(), parts_backwards.end());

  EXPECT_EQ(parts_backwards, parts);
  EXPECT_NE(other_user, parts);
  EXPECT_NE(other_seed, parts);
}

// Statistical: each of 10 items is in test for half of the users; 1,000 users, σ = 16: bound of 5 σ.
TEST(SplitTest, user_random_prefers_no_item) {
  const SplitConfig config{.scheme = SplitScheme::user_random, .test = 0.5};
  std::vector<int> held_out(10);

  for (std::uint64_t user = 0; user < 1000; ++user) {
    const auto parts = split_row(config, {}, user, numbered_items(10), {});
    for (std::size_t i = 0; i < 10; ++i) held_out[i] += parts[i] == Part::test ? 1 : 0;
  }

  for (const int times : held_out) EXPECT_NEAR(times, 500, 80);
}

TEST(SplitTest, user_temporal_holds_out_the_last_and_breaks_ties_by_item) {
  const SplitConfig config{.scheme = SplitScheme::user_temporal, .test = 0.4, .valid = 0.2};
  const std::vector<std::uint32_t> items{1, 2, 3, 4, 5};
  const std::vector<std::int64_t> times{50, -7, 20, 20, 20};  // in order: 2 | 3, 4 | 5 ... and 1

  const auto parts = split_row(config, {}, 0, items, times);

  EXPECT_EQ(parts, (std::vector<Part>{Part::test, Part::train, Part::train, Part::valid, Part::test}));
}

TEST(SplitTest, leave_last_out_takes_one_and_valid_the_one_before) {
  SplitConfig config{.scheme = SplitScheme::leave_last_out};
  const std::vector<std::uint32_t> items{1, 2, 3};
  const std::vector<std::int64_t> times{30, 10, 20};
  const auto split = [&](std::size_t n) {
    return split_row(config, {}, 0, std::span(items).first(n), std::span(times).first(n));
  };

  EXPECT_EQ(split(3), (std::vector<Part>{Part::test, Part::train, Part::train}));
  config.valid = 0.1;
  EXPECT_EQ(split(3), (std::vector<Part>{Part::test, Part::train, Part::valid}));
  EXPECT_EQ(split(2), (std::vector<Part>{Part::test, Part::train}));
  EXPECT_EQ(split(1), (std::vector<Part>{Part::train}));
}

TEST(SplitTest, every_interaction_is_for_test_in_exactly_one_fold) {
  SplitConfig config{.scheme = SplitScheme::k_fold, .folds = 4};
  const auto items = numbered_items(11);
  std::vector<int> times_in_test(items.size());

  for (config.fold = 1; config.fold <= 4; ++config.fold) {
    const auto parts = split_row(config, {}, 3, items, {});
    EXPECT_GE(count(parts, Part::test), 2U);
    EXPECT_LE(count(parts, Part::test), 3U);
    for (std::size_t i = 0; i < items.size(); ++i) times_in_test[i] += parts[i] == Part::test ? 1 : 0;
  }

  EXPECT_EQ(times_in_test, std::vector<int>(11, 1));
}

std::vector<std::vector<Part>> split_globally(const SplitConfig& config,
                                              const std::vector<std::vector<std::int64_t>>& times) {
  std::vector<std::uint64_t> keys;
  for (std::size_t user = 0; user < times.size(); ++user) {
    for (std::size_t i = 0; i < times[user].size(); ++i) {
      keys.push_back(split_key(config, user, static_cast<std::uint32_t>(i), times[user][i]));
    }
  }
  const SplitCuts cuts = find_cuts(config, keys.size(), [&](std::uint64_t from) {
    return static_cast<std::uint64_t>(std::count_if(keys.begin(), keys.end(), [&](auto key) { return key >= from; }));
  });
  std::vector<std::vector<Part>> parts;
  for (std::size_t user = 0; user < times.size(); ++user) {
    parts.push_back(split_row(config, cuts, user, numbered_items(times[user].size()), times[user]));
  }
  return parts;
}

TEST(SplitTest, random_takes_exact_counts_of_all_interactions) {
  const SplitConfig config{.scheme = SplitScheme::random, .test = 0.29, .valid = 0.2};

  const auto parts = split_globally(config, std::vector(20, std::vector<std::int64_t>(5, 0)));
  std::size_t test = 0;
  std::size_t valid = 0;
  for (const auto& row : parts) {
    test += count(row, Part::test);
    valid += count(row, Part::valid);
  }

  EXPECT_EQ(test, 29U);
  EXPECT_EQ(valid, 20U);
}

TEST(SplitTest, time_cuts_all_users_at_one_moment_and_keeps_equal_times_together) {
  const SplitConfig config{.scheme = SplitScheme::time, .test = 0.5, .valid = 0.2};

  // In order: -5 1 2 3 4 | 6 6 6 6 | 9; five may be for test, but the four of time 6 do not all fit with 9 and one
  // more.
  const auto parts = split_globally(config, {{-5, 6, 6, 9}, {1, 2, 3, 4, 6, 6}});

  EXPECT_EQ(parts[0], (std::vector<Part>{Part::train, Part::test, Part::test, Part::test}));
  EXPECT_EQ(parts[1], (std::vector<Part>{Part::train, Part::train, Part::valid, Part::valid, Part::test, Part::test}));
  const auto fewer = split_globally({.scheme = SplitScheme::time, .test = 0.4}, {{-5, 6, 6, 9}, {1, 2, 3, 4, 6, 6}});
  EXPECT_EQ(fewer[0], (std::vector<Part>{Part::train, Part::train, Part::train, Part::test}));
}

TEST(SplitTest, fractions_out_of_range_are_usage_errors) {
  EXPECT_EQ(test::complaint_about<SplitConfig>({.test = 0.5, .valid = 0.49}), "");
  EXPECT_EQ(test::complaint_about<SplitConfig>({.test = 0.5, .valid = 0.5}),
            "--test + --valid = 1, expected less than 1");
  EXPECT_EQ(test::complaint_about<SplitConfig>({.test = 0}), "--test = 0, expected more than 0 and less than 1");
  EXPECT_EQ(test::complaint_about<SplitConfig>({.scheme = SplitScheme::k_fold, .folds = 3, .fold = 4}),
            "--fold = 4, expected 1 to 3 (--folds)");
}

}  // namespace
}  // namespace alsace
