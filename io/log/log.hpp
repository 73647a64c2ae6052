#pragma once

#include <string>
#include <string_view>

#include <spdlog/spdlog.h>

namespace alsace::io {

/// The levels, for help and messages.
inline constexpr std::string_view log_levels = "trace, debug, info, warn, error or off";
bool is_log_level(const std::string& text);

/// Sends spdlog's default logger to stderr with time, level and rank. Rank 0 speaks from `level` on, the others only
/// when something is wrong (warnings and errors). Throws
/// ErrorKind::usage for another `level` than log_levels says.
void start_log(const std::string& level, int rank, int ranks);

}  // namespace alsace::io
