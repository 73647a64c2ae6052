#include "src/data/synthetic_items.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "src/data/random.hpp"

namespace alsace {
namespace {

/// Behind the purposes of synthetic.cpp, whose random numbers stay as they are.
constexpr std::uint64_t attributes = 100;
constexpr double second_genre_share = 0.4;
constexpr int first_year = 1950;
constexpr int last_year = 2025;

constexpr std::array genres{"Action",  "Adventure", "Animation", "Biography", "Comedy", "Crime",  "Documentary",
                            "Drama",   "Family",    "Fantasy",   "History",   "Horror", "Music",  "Mystery",
                            "Romance", "Sci-Fi",    "Sport",     "Thriller",  "War",    "Western"};
constexpr std::array adjectives{"Silent", "Golden", "Last", "Hidden", "Broken", "Distant", "Crimson", "Endless",
                                "Secret", "Frozen", "Wild", "Lonely", "Bright", "Hollow",  "Quiet",   "Stolen"};
constexpr std::array nouns{"Harbour", "River",  "Garden", "Winter", "Letter",  "Mountain", "Mirror", "Promise",
                           "Station", "Forest", "Island", "Summer", "Kingdom", "Shadow",   "Bridge", "Voyage"};

template <class Words>
const char* one_of(const Words& words, RandomStream& random) {
  return words[static_cast<std::size_t>(random.below(words.size()))];
}

}  // namespace

SyntheticItem synthetic_item(const SyntheticConfig& config, std::uint64_t item) {
  RandomStream random(config.seed, attributes, item);
  SyntheticItem made;
  const char* adjective = one_of(adjectives, random);
  made.title = fmt::format("The {} {} {}", adjective, one_of(nouns, random), item + 1);
  made.genres = genres[static_cast<std::size_t>(synthetic_cluster_of_item(config, item)) % genres.size()];
  const char* second = one_of(genres, random);
  if (random.uniform() < second_genre_share && made.genres != second) made.genres += fmt::format("|{}", second);
  // The square root of a uniform number: its density grows along the years.
  made.year = first_year + static_cast<int>(std::sqrt(random.uniform()) * (last_year - first_year + 1));
  made.year = std::min(made.year, last_year);
  return made;
}

}  // namespace alsace
