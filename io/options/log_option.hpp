#pragma once

#include <string>

#include <CLI/CLI.hpp>

namespace alsace::io {

/// Declares `--log-level`, which every command that logs has. Another word than the levels' is a usage error of the
/// command line, before anything runs.
void add_log_option(CLI::App& app, std::string& level);

}  // namespace alsace::io
