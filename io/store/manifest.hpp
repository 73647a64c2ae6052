#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "src/data/ids.hpp"

namespace alsace::io {

/// One file of a store as the manifest records it.
struct StoredFile {
  std::string name;  ///< relative to the store, without directories
  std::uint64_t bytes = 0;
  std::string xxh3_128;  ///< hex, 32 digits
  RowRange users;        ///< rows the file holds; empty for model.h5
  RowRange items;
  RowRange interactions;  ///< the stored numbers of its users, counted over all files; empty for model.h5
};

/// Bytes of the longest id of each side over all ranks: the width of the stored, null-padded ids.
struct IdWidths {
  std::uint64_t user = 1;
  std::uint64_t item = 1;
};

/// Name of a shard file: shard-00012.h5.
std::string shard_name(int shard);

}  // namespace alsace::io
