#include "src/ranking/scorer.hpp"

#include <algorithm>
#include <memory>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "src/error.hpp"

namespace alsace {
namespace {

FactorMatrix random_rows(Eigen::Index rows, Eigen::Index factors, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> value(-1, 1);
  return FactorMatrix::NullaryExpr(rows, factors, [&] { return value(random); });
}

Queries queries_of(const FactorMatrix& rows) {
  Queries queries;
  queries.count = static_cast<std::size_t>(rows.rows());
  queries.factors = static_cast<int>(rows.cols());
  queries.rows.assign(rows.data(), rows.data() + rows.size());
  queries.excluded_offsets.assign(queries.count + 1, 0);
  return queries;
}

ItemBlock block_of(const FactorMatrix& items) {
  return {items.data(), {}, 0, static_cast<std::size_t>(items.rows())};
}

const KernelTable& kernels() {
  return kernel_table("portable");
}

TEST(ScorerTest, adds_biases_in_double_and_rounds_once) {
  // In fp32, 1 + 2^-24 is 1; in double, 1 + 2^-24 + 2^-24 is 1 + 2^-23, the next float.
  const double half_step = 1.0 / (1 << 24);

  EXPECT_EQ(score_of(1.0F, half_step, half_step), 1.0F + 1.0F / (1 << 23));
}

TEST(ScorerTest, finds_what_sorting_all_scores_finds_over_many_tiles) {
  const FactorMatrix items = random_rows(1300, 20, 1);  // more than two tiles
  const FactorMatrix users = random_rows(19, 20, 2);    // more than two groups
  Queries queries = queries_of(users);
  queries.excluded_items = {0, 5, 512, 1299};
  std::fill(queries.excluded_offsets.begin() + 1, queries.excluded_offsets.end(), 4);

  const RankedLists lists = top_k_of_block(kernels(), queries, block_of(items), 50, 2);

  for (std::size_t user = 0; user < queries.count; ++user) {
    std::vector<ScoredItem> all;
    for (std::uint32_t item = 0; item < 1300; ++item) {
      const auto excluded = queries.excluded(user);
      if (std::find(excluded.begin(), excluded.end(), item) != excluded.end()) continue;
      float score = 0;
      kernels().inner_products(users.row(static_cast<Eigen::Index>(user)).data(), 1, items.row(item).data(), 1, 20,
                               &score);
      all.push_back({score, item});
    }
    std::sort(all.begin(), all.end(), ranks_before);
    all.resize(50);
    ASSERT_EQ(std::vector<ScoredItem>(lists[user].begin(), lists[user].end()), all) << "user " << user;
  }
}

TEST(ScorerTest, scores_have_the_same_bits_in_any_shard_batch_and_thread_count) {
  const FactorMatrix items = random_rows(700, 33, 3);
  const FactorMatrix users = random_rows(13, 33, 4);
  std::vector<double> biases(700);
  for (std::size_t i = 0; i < biases.size(); ++i) biases[i] = 0.001 * static_cast<double>(i % 17);
  Queries queries = queries_of(users);
  queries.offsets.assign(13, 3.7);
  const ItemBlock whole{items.data(), biases, 0, 700};
  const RankedLists expected = top_k_of_block(kernels(), queries, whole, 700, 1);

  for (const std::size_t cut : {std::size_t{0}, std::size_t{1}, std::size_t{511}, std::size_t{600}}) {
    const std::span<const double> all_biases(biases);
    const ItemBlock left{items.data(), all_biases.first(cut), 0, cut};
    const ItemBlock right{items.data() + cut * 33, all_biases.subspan(cut), cut, 700 - cut};
    const RankedLists merged = merge_top_k(top_k_of_block(kernels(), queries, left, 700, 2),
                                           top_k_of_block(kernels(), queries, right, 700, 2), 700);
    EXPECT_EQ(merged, expected) << "cut at " << cut;
  }
}

TEST(ScorerTest, excludes_seen_items_within_the_selection_and_still_gives_k) {
  const FactorMatrix items = FactorMatrix::Ones(6, 2);
  Queries queries = queries_of(FactorMatrix::Ones(1, 2));
  queries.excluded_items = {0, 1, 2};
  queries.excluded_offsets = std::vector<std::uint64_t>{0, 3};

  const RankedLists lists = top_k_of_block(kernels(), queries, block_of(items), 3, 1);

  EXPECT_EQ(lists.items, (std::vector<ScoredItem>{{2, 3}, {2, 4}, {2, 5}}));
}

TEST(ScorerTest, everything_seen_but_one_gives_one) {
  const FactorMatrix items = FactorMatrix::Ones(4, 2);
  Queries queries = queries_of(FactorMatrix::Ones(1, 2));
  queries.excluded_items = {0, 1, 3};
  queries.excluded_offsets = std::vector<std::uint64_t>{0, 3};

  EXPECT_EQ(top_k_of_block(kernels(), queries, block_of(items), 10, 1).items, (std::vector<ScoredItem>{{2, 2}}));
}

TEST(ScorerTest, an_empty_block_gives_empty_lists) {
  const Queries queries = queries_of(FactorMatrix::Ones(3, 2));

  const RankedLists lists = top_k_of_block(kernels(), queries, ItemBlock{}, 5, 1);

  EXPECT_EQ(lists.size(), 3U);
  EXPECT_TRUE(lists.items.empty());
}

/// The items of [0, limit) that a rule takes.
template <typename Rule>
std::vector<std::uint32_t> items_where(std::uint32_t limit, const Rule& rule) {
  std::vector<std::uint32_t> items;
  for (std::uint32_t item = 0; item < limit; ++item)
    if (rule(item)) items.push_back(item);
  return items;
}

ItemSet set_of(std::vector<std::uint32_t> items) {
  return std::make_shared<const std::vector<std::uint32_t>>(std::move(items));
}

void exclude(Queries& queries, const std::vector<std::uint32_t>& items) {
  queries.excluded_items.insert(queries.excluded_items.end(), items.begin(), items.end());
  queries.excluded_offsets.push_back(queries.excluded_items.size());
}

constexpr std::uint32_t many_items = 1300;  // more than two tiles
constexpr std::uint32_t beyond = 5000;      // allow and exclude lists may name more than there is

/// What one query may be asked with. Together in one batch, more than one group of those that are scanned, with those
/// between them that are not.
struct Case {
  std::string name;
  std::uint32_t take;
  ItemSet allow;
  std::vector<std::uint32_t> excluded;
};

std::vector<Case> cases() {
  const auto every = [](std::uint32_t step) {
    return items_where(beyond, [step](std::uint32_t item) { return item % step == 3; });
  };
  const auto all = items_where(beyond, [](std::uint32_t) { return true; });
  const auto all_but_one = items_where(beyond, [](std::uint32_t item) { return item != 777; });
  return {{"plain", 50, nullptr, {}},
          {"excludes", 50, nullptr, every(5)},
          {"takes fewer", 7, nullptr, every(2)},
          {"takes none", 0, nullptr, {}},
          {"few allowed", 50, set_of(every(90)), {}},
          {"few allowed, fewer taken", 3, set_of(every(90)), {3, 93, 1263}},
          {"one allowed", 50, set_of({1299}), {}},
          {"one allowed and excluded", 50, set_of({4}), {4}},
          {"many allowed", 50, set_of(every(3)), {}},
          {"many allowed, some excluded", 50, set_of(every(3)), every(6)},
          {"all allowed", 50, set_of(all), {}},
          {"none allowed", 50, set_of({}), {}},
          {"nothing allowed that there is", 50, set_of({many_items, beyond}), {}},
          {"everything excluded", 50, nullptr, all},
          {"everything excluded but one", 50, nullptr, all_but_one},
          {"everything allowed excluded but one", 50, set_of(every(7)), all_but_one},
          {"takes more than k", 80, nullptr, every(4)},
          {"takes as many", 60, nullptr, {0, 5, 512, 1299}},
          {"the first tile", 60, set_of(items_where(512, [](std::uint32_t) { return true; })), {}},
          {"the last item", 2, set_of({1298, 1299, 1300}), {1298}},
          {"again plain", 50, nullptr, {}}};
}

Queries queries_of(const FactorMatrix& rows, const std::vector<Case>& asked) {
  Queries queries = queries_of(rows);
  queries.excluded_offsets = {0};
  for (const Case& each : asked) {
    queries.takes.push_back(each.take);
    queries.allowed.push_back(each.allow);
    exclude(queries, each.excluded);
  }
  return queries;
}

/// By sorting: what is allowed and not excluded, the first of it.
std::vector<ScoredItem> sorted_list(const std::vector<float>& scores, std::uint32_t first_item, const Case& asked,
                                    std::size_t k) {
  std::vector<ScoredItem> all;
  for (std::uint32_t i = 0; i < scores.size(); ++i) {
    const std::uint32_t item = first_item + i;
    const bool allowed =
        asked.allow == nullptr || std::find(asked.allow->begin(), asked.allow->end(), item) != asked.allow->end();
    const bool excluded = std::find(asked.excluded.begin(), asked.excluded.end(), item) != asked.excluded.end();
    if (allowed && !excluded) all.push_back({scores[i], item});
  }
  std::sort(all.begin(), all.end(), ranks_before);
  all.resize(std::min({all.size(), k, static_cast<std::size_t>(asked.take)}));
  return all;
}

std::vector<ScoredItem> copy_of(std::span<const ScoredItem> list) {
  return {list.begin(), list.end()};
}

class ScorerLevelTest : public testing::TestWithParam<std::string_view> {};

TEST_P(ScorerLevelTest, gives_filtered_queries_what_sorting_gives_at_any_split) {
  const KernelTable& level = kernel_table(GetParam());
  const std::vector<Case> asked = cases();
  const FactorMatrix items = random_rows(many_items, 33, 5);
  const FactorMatrix users = random_rows(static_cast<Eigen::Index>(asked.size()), 33, 6);
  std::vector<double> biases(many_items);
  for (std::size_t i = 0; i < biases.size(); ++i) biases[i] = 0.001 * static_cast<double>(i % 17);
  Queries queries = queries_of(users, asked);
  for (std::size_t q = 0; q < asked.size(); ++q) queries.offsets.push_back(3.7 + static_cast<double>(q));
  constexpr std::uint32_t k = 60;
  std::vector<std::uint32_t> takes = queries.takes;
  for (std::uint32_t& take : takes) take = std::min(take, k);

  for (const std::vector<std::size_t>& cuts : std::vector<std::vector<std::size_t>>{
           {0, many_items}, {0, 1, many_items}, {0, 512, 512, 513, many_items}, {0, 200, 500, 777, 778, many_items}}) {
    RankedLists merged;
    for (std::size_t q = 0; q < queries.count; ++q) merged.push_back({});
    for (std::size_t part = 0; part + 1 < cuts.size(); ++part) {
      const std::size_t begin = cuts[part];
      const std::size_t count = cuts[part + 1] - begin;
      const ItemBlock block{items.data() + begin * 33, std::span<const double>(biases).subspan(begin, count), begin,
                            count};
      const RankedLists lists = top_k_of_block(level, queries, block, k, 2);
      for (std::size_t q = 0; q < queries.count; ++q) ASSERT_LE(lists[q].size(), takes[q]) << asked[q].name;
      merged = merge_top_k(lists, merged, takes);
    }

    for (std::size_t q = 0; q < queries.count; ++q) {
      std::vector<float> scores(many_items);
      for (std::uint32_t item = 0; item < many_items; ++item) {
        level.inner_products(users.row(static_cast<Eigen::Index>(q)).data(), 1, items.row(item).data(), 1, 33,
                             &scores[item]);
        scores[item] = score_of(scores[item], biases[item], queries.offsets[q]);
      }
      ASSERT_EQ(copy_of(merged[q]), sorted_list(scores, 0, asked[q], k))
          << asked[q].name << " in " << cuts.size() - 1 << " blocks";
    }
  }
}

TEST_P(ScorerLevelTest, a_short_allow_list_keeps_the_bits_of_a_scan) {
  const KernelTable& level = kernel_table(GetParam());
  for (const int factors : {1, 7, 16, 64, 100}) {
    const FactorMatrix items = random_rows(many_items, factors, 7);
    Queries queries = queries_of(random_rows(1, factors, 8));
    const RankedLists all = top_k_of_block(level, queries, block_of(items), many_items, 1);
    std::vector<ScoredItem> by_item = all.items;
    std::sort(by_item.begin(), by_item.end(), [](const auto& a, const auto& b) { return a.item < b.item; });

    for (std::uint32_t item = 0; item < many_items; item += 37) {
      queries.allowed = {set_of({item})};
      EXPECT_EQ(top_k_of_block(level, queries, block_of(items), 5, 1).items, std::vector<ScoredItem>{by_item[item]});
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Levels, ScorerLevelTest, testing::ValuesIn(supported_kernel_levels()),
                         [](const auto& each) { return std::string(each.param); });

TEST(ScorerTest, gives_all_there_is_when_k_is_larger) {
  const FactorMatrix items = random_rows(700, 3, 1);
  Queries queries = queries_of(random_rows(2, 3, 2));
  queries.allowed = {nullptr, set_of({8, 600, 699, 700})};

  const RankedLists lists = top_k_of_block(kernels(), queries, block_of(items), 1'000'000'000, 1);

  EXPECT_EQ(lists[0].size(), 700U);
  EXPECT_EQ(lists[1].size(), 3U);
}

TEST(ScorerTest, refuses_lengths_and_lists_of_other_queries) {
  const FactorMatrix items = FactorMatrix::Ones(4, 2);
  Queries queries = queries_of(FactorMatrix::Ones(2, 2));

  queries.takes = {1};
  EXPECT_THROW((void)top_k_of_block(kernels(), queries, block_of(items), 3, 1), Error);
  queries.takes = {};
  queries.allowed = {nullptr, nullptr, nullptr};
  EXPECT_THROW((void)top_k_of_block(kernels(), queries, block_of(items), 3, 1), Error);
}

TEST(UnitRowsTest, scales_to_length_one_and_keeps_zeros) {
  FactorMatrix rows(2, 2);
  rows << 3, 4, 0, 0;

  const FactorMatrix unit = unit_rows(rows);

  EXPECT_EQ(unit(0, 0), 0.6F);
  EXPECT_EQ(unit(0, 1), 0.8F);
  EXPECT_TRUE(unit.row(1).isZero(0));
}

}  // namespace
}  // namespace alsace
