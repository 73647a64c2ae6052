#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/readers/read_options.hpp"
#include "mpi/comm/communicator.hpp"
#include "mpi/data/load_input.hpp"
#include "src/data/id_dictionary.hpp"
#include "src/data/interaction.hpp"

namespace alsace::mpi {

/// What one rank parsed: rows with numbers of its own for users and items. 12 bytes a row, 20 with timestamps, beside
/// the ids.
struct ParsedInputs {
  static constexpr std::size_t chunk_rows = std::size_t{1} << 18;
  std::vector<InteractionChunk> chunks;  ///< of at most chunk_rows rows, so that they can be freed one by one
  IdDictionary users;
  IdDictionary items;
  bool has_timestamps = false;  ///< of any input; the same on all ranks
  ImportReport report;          ///< the same on all ranks
};

/// Every rank parses its share of raw files. Collective. Throws ErrorKind::input for the first bad row in input order,
/// the same at any rank count, ErrorKind::storage when a reject file cannot be written there, and ErrorKind::usage when
/// the reject file is an input.
ParsedInputs parse_inputs(const Communicator& comm, const std::vector<std::string>& inputs,
                          const io::ReadOptions& options);

}  // namespace alsace::mpi
