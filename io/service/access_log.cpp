#include "io/service/access_log.hpp"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include "src/error.hpp"

namespace alsace::io {
namespace {

constexpr std::size_t most_target_bytes = 2048;

/// 2026-02-01T12:00:00.123Z
std::string time_text() {
  using std::chrono::milliseconds;
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  const auto milli = std::chrono::duration_cast<milliseconds>(since_epoch).count();
  const auto seconds = static_cast<std::time_t>(milli / 1000);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", utc, milli % 1000);
}

/// Makes the file, for its owner's eyes alone, or says why it cannot be written.
void check_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) {
    throw storage_error(fmt::format("--access-log = {}, expected off, - or a file that can be written: {}", path,
                                    std::strerror(errno)));
  }
  ::close(file);
}

std::shared_ptr<spdlog::logger> logger_to(const std::string& where) {
  spdlog::sink_ptr sink;
  if (where == "-") {
    sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  } else {
    check_file(where);
    sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(where);
  }
  auto logger = std::make_shared<spdlog::logger>("access", std::move(sink));
  logger->set_pattern("%v");
  logger->flush_on(spdlog::level::info);
  return logger;
}

}  // namespace

AccessLog::AccessLog(const std::string& where) {
  if (where == "off") return;
  try {
    logger_ = logger_to(where);
  } catch (const spdlog::spdlog_ex& error) {
    throw storage_error(fmt::format("--access-log = {}, expected off, - or a file: {}", where, error.what()));
  }
}

void AccessLog::write(const http::Exchange& exchange) const {
  using Json = nlohmann::ordered_json;
  if (!logger_) return;
  const Json line{{"time", time_text()},
                  {"client", exchange.client},
                  {"method", exchange.method},
                  {"target", exchange.target.substr(0, most_target_bytes)},
                  {"route", exchange.route},
                  {"status", exchange.status},
                  {"bytes", exchange.answer_bytes},
                  {"seconds", exchange.seconds}};
  logger_->info(spdlog::string_view_t(line.dump(-1, ' ', false, Json::error_handler_t::replace)));
}

}  // namespace alsace::io
