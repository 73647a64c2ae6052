#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "io/readers/line_reader.hpp"

namespace alsace::mpi {

/// An input as the plan sees it: where its rows begin and end.
struct PlannedFile {
  std::uint64_t bytes = 0;       ///< on disk
  std::uint64_t data_begin = 0;  ///< of a plain file
  bool compressed = false;
};

/// A part of an input that one rank reads.
struct ReadingUnit {
  std::size_t file = 0;
  io::ByteRange range;
  bool whole = false;  ///< all of the file
};

/// What `rank` reads, in input order: of the plain files, taken as one text, a byte range of 1/ranks of it; of the
/// compressed ones whole files, dealt largest first to the rank that has least of them. `serial`: all for rank 0.
std::vector<ReadingUnit> plan_reading(std::span<const PlannedFile> files, int rank, int ranks, bool serial);

}  // namespace alsace::mpi
