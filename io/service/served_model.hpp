#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "src/data/id_list.hpp"
#include "src/data/ids.hpp"
#include "src/data/sorted_ids.hpp"
#include "src/model/model.hpp"

namespace alsace::io {

/// What one rank holds of a model.
struct RankShare {
  std::string host;
  RowRange users;
  std::uint64_t items = 0;  ///< how many: they are dealt like cards, but for some that all ranks hold
  std::uint64_t bytes = 0;  ///< of factors, ids, seen lists and what was made from them
};

/// An attribute that --item-info has, for people to choose from.
struct AttributeSummary {
  std::string name;
  std::vector<std::string> values;  ///< ascending; at most 1000
};

/// The coordinator's side of a served model: all that turns rows into answers. Immutable; whoever writes an answer
/// shares it, so that it lives until the last one of its model is written.
struct ServedModel {
  std::string name;  ///< sweep-000012
  std::string path;
  std::string loaded_at;  ///< ISO 8601, UTC
  ModelInfo info;
  SortedIds items;  ///< all of them
  IdList titles;    ///< one an item, "" where --item-info has none; empty without --item-info
  std::vector<AttributeSummary> attributes;
  std::vector<RankShare> ranks;
  std::vector<std::string> example_users;  ///< a few, for the page
};

}  // namespace alsace::io
