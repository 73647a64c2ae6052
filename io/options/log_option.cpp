#include "io/options/log_option.hpp"

#include <fmt/format.h>

#include "io/log/log.hpp"

namespace alsace::io {

void add_log_option(CLI::App& app, std::string& level) {
  app.add_option("--log-level", level, std::string(log_levels))->type_name("LEVEL")->check([](const std::string& text) {
    return is_log_level(text) ? std::string() : fmt::format("{}, expected {}", text, log_levels);
  });
}

}  // namespace alsace::io
