#pragma once

#include <string>

#include "mpi/comm/communicator.hpp"
#include "mpi/data/load_input.hpp"

namespace alsace::mpi {

/// load_input for a data set directory: checks every file before any is read. Collective. Throws ErrorKind::storage.
LoadedDataset load_dataset(const Communicator& comm, const std::string& path, const RowCost& cost);

}  // namespace alsace::mpi
