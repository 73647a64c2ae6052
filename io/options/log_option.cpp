#include "io/options/log_option.hpp"

#include <fmt/format.h>

#include "io/log/log.hpp"

namespace alsace::io {

void add_log_option(CLI::App& app, std::string& level) {
  app.add_option_function<std::string>(
         "--log-level",
         [&level](const std::string& text) {
           if (!is_log_level(text)) {
             throw CLI::ValidationError(fmt::format("--log-level = {}, expected {}", text, log_levels));
           }
           level = text;
         },
         std::string(log_levels))
      ->type_name("LEVEL")
      ->default_str(level);
}

}  // namespace alsace::io
