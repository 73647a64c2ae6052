#include "src/data/synthetic_items.hpp"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace alsace {
namespace {

const SyntheticConfig config{.users = 100, .items = 4000, .interactions = 10000};

std::string first_genre(const SyntheticItem& item) {
  return item.genres.substr(0, item.genres.find('|'));
}

TEST(SyntheticItemsTest, genre_is_the_taste_clusters) {
  std::set<std::pair<std::uint64_t, std::string>> pairs;
  std::set<std::string> genres;
  for (std::uint64_t item = 0; item < config.items; ++item) {
    const std::string genre = first_genre(synthetic_item(config, item));
    pairs.emplace(synthetic_cluster_of_item(config, item), genre);
    genres.insert(genre);
  }

  EXPECT_EQ(synthetic_clusters(config.items), 20U);
  EXPECT_EQ(pairs.size(), 20U);
  EXPECT_EQ(genres.size(), 20U);
}

TEST(SyntheticItemsTest, titles_differ_and_need_no_quotes) {
  std::set<std::string> titles;
  for (std::uint64_t item = 0; item < config.items; ++item) {
    const SyntheticItem made = synthetic_item(config, item);
    titles.insert(made.title);
    EXPECT_EQ((made.title + made.genres).find_first_of(",\"\r\n"), std::string::npos) << made.title;
    EXPECT_NE(made.title.find(' ' + std::to_string(item + 1)), std::string::npos) << made.title;
  }

  EXPECT_EQ(titles.size(), config.items);
}

// Statistical: two items in five draw a second genre, which is another one 19 times in 20: 0.38; 4000 draws, σ = 0.008.
TEST(SyntheticItemsTest, some_items_have_a_second_genre_and_years_are_skewed) {
  double second = 0;
  double years = 0;
  for (std::uint64_t item = 0; item < config.items; ++item) {
    const SyntheticItem made = synthetic_item(config, item);
    second += made.genres == first_genre(made) ? 0 : 1;
    years += made.year;
    ASSERT_GE(made.year, 1950);
    ASSERT_LE(made.year, 2025);
  }

  EXPECT_NEAR(second / static_cast<double>(config.items), 0.38, 0.04);
  EXPECT_NEAR(years / static_cast<double>(config.items), 1950 + 76 * 2.0 / 3 - 0.5, 1.5);
}

TEST(SyntheticItemsTest, another_seed_gives_other_titles) {
  SyntheticConfig other = config;
  other.seed = 2;
  int same = 0;
  for (std::uint64_t item = 0; item < 100; ++item)
    same += synthetic_item(config, item).title == synthetic_item(other, item).title ? 1 : 0;

  EXPECT_LT(same, 10);
}

}  // namespace
}  // namespace alsace
