#include "io/log/log.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include "src/error.hpp"

namespace alsace::io {

bool is_log_level(const std::string& text) {
  constexpr std::array<const char*, 6> names{"trace", "debug", "info", "warn", "error", "off"};
  return std::find(names.begin(), names.end(), text) != names.end();
}

void start_log(const std::string& level, int rank, int ranks) {
  if (!is_log_level(level)) throw usage_error(fmt::format("--log-level = {}, expected {}", level, log_levels));
  auto logger = spdlog::get("alsace");
  if (!logger) logger = spdlog::stderr_color_st("alsace");
  const auto wanted = spdlog::level::from_str(level);
  logger->set_level(rank == 0 ? wanted : std::max(wanted, spdlog::level::warn));
  logger->set_pattern(ranks == 1 ? "%H:%M:%S %^%-5l%$ %v" : fmt::format("%H:%M:%S %^%-5l%$ [{}/{}] %v", rank, ranks));
  spdlog::set_default_logger(logger);
}

}  // namespace alsace::io
