#pragma once

#include <cstdint>
#include <string>

#include "src/data/sparse_rows.hpp"
#include "src/data/synthetic.hpp"

namespace alsace::bench {

/// All interactions of a data set, once a side; every value is 1.
struct Interactions {
  std::string name;  ///< for tables: "138,493 x 26,744 x 20,000,000"
  SparseRows by_user;
  SparseRows by_item;
};

/// 20000000 as 20,000,000.
std::string with_commas(std::uint64_t number);

/// Made up by src/data/synthetic, in parallel: 150 ns an interaction and core.
Interactions made_up(const SyntheticConfig& config);

/// The shape of MovieLens 20M (138,493 × 26,744 × 20,000,000, seed 20); `quick`: a hundredth of the users, a tenth of
/// the items.
SyntheticConfig twenty_million(bool quick);

/// Rows that are much shorter than K: 1,000,000 × 100,000, 12 a user; `quick`: a hundredth of it.
SyntheticConfig short_rows(bool quick);

/// A file in the machine's byte order: int64 users, items, interactions; int64 offsets (users + 1); int32 items. To run
/// a bench on the data of another program. Throws ErrorKind::input when it is cut off.
Interactions read_binary(const std::string& file);

}  // namespace alsace::bench
