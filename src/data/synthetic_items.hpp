#pragma once

#include <cstdint>
#include <string>

#include "src/data/synthetic.hpp"

namespace alsace {

/// What people would know of a made-up item.
struct SyntheticItem {
  std::string title;   ///< "The Silent Harbour 17": ends in the item's number, so that no two are alike
  std::string genres;  ///< its taste cluster's, and of two items in five another one: "Drama" or "Drama|Comedy"
  int year = 0;        ///< 1950 to 2025, later ones more often
};

/// The attributes of an item, from (seed, item) alone: the same on any rank.
SyntheticItem synthetic_item(const SyntheticConfig& config, std::uint64_t item);

}  // namespace alsace
