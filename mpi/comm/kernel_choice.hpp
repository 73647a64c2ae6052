#pragma once

#include <string>

#include "mpi/comm/communicator.hpp"

namespace alsace::mpi {

/// What --kernels takes, for --help.
inline constexpr const char* kernels_help =
    "instruction set: auto, portable, avx2, avx512, avx512_bf16 or amx; every rank's processor must have it";

/// The kernel level that all ranks run: `wanted`, or for "auto" the best that every rank's processor has. Throws
/// ErrorKind::usage when a rank's processor lacks the wanted one. Collective.
std::string choose_kernel_level(const Communicator& comm, const std::string& wanted);

}  // namespace alsace::mpi
