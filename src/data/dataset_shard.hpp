#pragma once

#include <cstdint>
#include <vector>

#include "src/data/id_list.hpp"
#include "src/data/sparse_rows.hpp"

namespace alsace {

/// One rank's share of a data set: the interactions of a contiguous range of users, one value a (user, item) pair, and
/// the ids of a contiguous range of items (the two ranges have nothing to do with each other).
struct DatasetShard {
  std::uint64_t users = 0;         ///< of the whole data set
  std::uint64_t items = 0;         ///< of the whole data set
  std::uint64_t interactions = 0;  ///< of the whole data set

  SparseRows by_user;                    ///< rows: this shard's users; columns: global item indices
  std::vector<std::int64_t> timestamps;  ///< one a stored number, or empty when the input had none
  IdList user_ids;                       ///< ids of by_user.range()
  std::uint64_t first_item = 0;
  IdList item_ids;  ///< ids of [first_item, first_item + item_ids.size())

  /// Stored numbers of all users before this shard's, so that a store can say where in the whole each row begins.
  std::uint64_t first_interaction = 0;

  [[nodiscard]] RowRange item_range() const { return {first_item, first_item + item_ids.size()}; }
};

}  // namespace alsace
