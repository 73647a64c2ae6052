#pragma once

#include <string>

#include <spdlog/spdlog.h>

namespace alsace::io {

/// Sends spdlog's default logger to stderr with time, level and rank. Rank 0 speaks from `level` on, the others only
/// when something is wrong (warnings and errors). `level`: trace, debug, info, warn, error or off; anything else is a
/// usage error.
void start_log(const std::string& level, int rank, int ranks);

}  // namespace alsace::io
