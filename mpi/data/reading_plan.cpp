#include "mpi/data/reading_plan.hpp"

#include <algorithm>
#include <numeric>

#include "mpi/shard_map.hpp"
#include "src/data/ids.hpp"

namespace alsace::mpi {
namespace {

/// The rank that reads each compressed file.
std::vector<int> deal_compressed(std::span<const PlannedFile> files, int ranks) {
  std::vector<std::size_t> order(files.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return files[a].bytes > files[b].bytes; });
  std::vector<std::uint64_t> load(static_cast<std::size_t>(ranks), 0);
  std::vector<int> reader(files.size(), 0);
  for (const std::size_t file : order) {
    if (!files[file].compressed) continue;
    const auto least = std::min_element(load.begin(), load.end());
    *least += files[file].bytes;
    reader[file] = static_cast<int>(least - load.begin());
  }
  return reader;
}

}  // namespace

std::vector<ReadingUnit> plan_reading(std::span<const PlannedFile> files, int rank, int ranks, bool serial) {
  std::vector<ReadingUnit> units;
  if (serial) {
    for (std::size_t f = 0; rank == 0 && f < files.size(); ++f) {
      units.push_back({f, {files[f].data_begin, io::to_the_end}, true});
    }
    return units;
  }
  const std::vector<int> reader = deal_compressed(files, ranks);
  std::uint64_t total = 0;
  for (const PlannedFile& file : files) total += file.compressed ? 0 : file.bytes - file.data_begin;
  const RowRange mine = ShardMap::even(total, ranks).range(rank);

  std::uint64_t at = 0;  // of the file's first row in the text of all plain files
  for (std::size_t f = 0; f < files.size(); ++f) {
    const PlannedFile& file = files[f];
    if (file.compressed) {
      if (reader[f] == rank) units.push_back({f, {file.data_begin, io::to_the_end}, true});
      continue;
    }
    const std::uint64_t size = file.bytes - file.data_begin;
    const std::uint64_t begin = std::clamp(mine.begin, at, at + size) - at;
    const std::uint64_t end = std::clamp(mine.end, at, at + size) - at;
    if (begin < end) units.push_back({f, {file.data_begin + begin, file.data_begin + end}, false});
    at += size;
  }
  return units;
}

}  // namespace alsace::mpi
