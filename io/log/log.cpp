#include "io/log/log.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include "src/error.hpp"

namespace alsace::io {

void start_log(const std::string& level, int rank, int ranks) {
  constexpr std::array<const char*, 6> names{"trace", "debug", "info", "warn", "error", "off"};
  if (std::find(names.begin(), names.end(), level) == names.end()) {
    throw usage_error(fmt::format("--log-level = {}, expected trace, debug, info, warn, error or off", level));
  }
  auto logger = spdlog::get("alsace");
  if (!logger) logger = spdlog::stderr_color_st("alsace");
  const auto wanted = spdlog::level::from_str(level);
  logger->set_level(rank == 0 ? wanted : std::max(wanted, spdlog::level::warn));
  logger->set_pattern(ranks == 1 ? "%H:%M:%S %^%-5l%$ %v" : fmt::format("%H:%M:%S %^%-5l%$ [{}/{}] %v", rank, ranks));
  spdlog::set_default_logger(logger);
}

}  // namespace alsace::io
